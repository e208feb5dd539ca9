public import Discovery

/// Payload bytes by where they came from.
public struct SourceBytes: Hashable, Sendable {
    public var store: Int64 = 0
    public var peers: [NodeID: Int64] = [:]
    public var upstream: Int64 = 0

    public init() {}

    public var fromPeers: Int64 { peers.values.reduce(0, +) }

    mutating func add(_ count: Int64, from source: DownloadPlan.Source) {
        switch source {
        case .peer(let peer): peers[peer, default: 0] += count
        case .upstream: upstream += count
        }
    }
}
