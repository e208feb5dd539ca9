/// How blobs of a runtime can be read at the moment.
struct RuntimeConnection: Sendable {
    /// Its files, where they can be read. They stay readable while the runtime is away.
    var files: ContentFiles?
    /// The runtime itself, while it is connected.
    var service: (any RuntimeService)?
}
