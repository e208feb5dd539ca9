/// An address of which only the configuration or DNS tells: who is there has to be asked.
struct Caller: Sendable {
    /// Of these a table keeps no more.
    static let limit = 256
    /// One that nothing has told of for so long is not asked again.
    static let memory = Duration.seconds(180)

    var source: Peer.Source
    var toldAt: ContinuousClock.Instant
    /// `GET /v1/node`.
    var introduction = Attempt()
    /// This node itself answered there.
    var isSelf = false
}
