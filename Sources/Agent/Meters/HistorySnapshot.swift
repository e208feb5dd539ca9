/// The answer of `/api/v1/history`: bytes per step over the last hour, oldest first.
///
/// The JSON is a contract: fields are only ever added.
public struct HistorySnapshot: Codable, Sendable, Equatable {
    public var schema = 1
    /// Seconds of a step.
    public var step: Int
    /// Until when the last step goes, which is under way: RFC 3339, by the wall clock.
    public var end: String
    /// Read from stores; received from peers and from upstream; sent to peers. As many numbers in each.
    public var store: [Int64]
    public var peers: [Int64]
    public var upstream: [Int64]
    public var served: [Int64]

    init(_ history: ByteHistory, end: UTCTime) {
        step = Int(ByteHistory.step)
        self.end = end.description
        store = history.steps.map(\.store)
        peers = history.steps.map(\.peers)
        upstream = history.steps.map(\.upstream)
        served = history.steps.map(\.servedToPeers)
    }

    enum CodingKeys: String, CodingKey {
        case schema, end, store, peers, upstream, served
        case step = "step_s"
    }
}
