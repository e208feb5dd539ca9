/// What may be pushed.
public struct RegistryLimits: Sendable {
    /// Repositories; 0: nothing can be pushed.
    public var repositories = 1_000
    /// Bytes of a blob; nil: as many as the store takes.
    public var blobSize: Int64?
    /// How long what nothing refers to is kept.
    public var grace: Duration = .seconds(86_400)
    /// Uploads at once.
    public var uploads = 256
    /// How long an upload may rest before it is given up.
    public var uploadLifetime: Duration = .seconds(86_400)

    public init() {}
}
