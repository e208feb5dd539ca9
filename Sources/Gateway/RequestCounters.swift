import NIOHTTP1
import Synchronization

/// Requests by what they were about and how they ended, for metrics. Bounded: both are a handful of words.
public final class RequestCounters: Sendable {
    public enum Route: String, Sendable, CaseIterable {
        case manifest, blob, tags, referrers, pieces, chain, inventory, node, other
    }

    public enum Result: String, Sendable, CaseIterable {
        /// 2xx and 304.
        case ok
        /// 404.
        case absent
        /// Other 4xx.
        case refused
        /// 5xx.
        case failed
        /// The client left before the end.
        case clientGone = "client_gone"
        /// The body ended short.
        case broken
    }

    public struct Key: Hashable, Sendable {
        public var route: Route
        public var result: Result

        public init(route: Route, result: Result) {
            self.route = route
            self.result = result
        }
    }

    private let counts = Mutex<[Key: Int]>([:])

    public init() {}

    public var snapshot: [Key: Int] { counts.withLock { $0 } }

    public func count(_ record: MirrorRecord) {
        let route: Route =
            switch record.subject {
            case .manifest: .manifest
            case .blob: .blob
            case .tags: .tags
            case .referrers: .referrers
            case .other: .other
            }
        count(route, record.outcome)
    }

    public func count(_ record: PeerRecord) {
        let route: Route =
            switch record.subject {
            case .blob: .blob
            case .pieces: .pieces
            case .chain: .chain
            case .inventory: .inventory
            case .node: .node
            case .other: .other
            }
        count(route, record.outcome)
    }

    private func count(_ route: Route, _ outcome: HTTPOutcome) {
        let key = Key(route: route, result: Result(outcome))
        counts.withLock { $0[key, default: 0] += 1 }
    }
}

extension RequestCounters.Result {
    init(_ outcome: HTTPOutcome) {
        switch outcome.end {
        case .clientGone: self = .clientGone
        case .broken: self = .broken
        case .complete:
            switch outcome.status.code {
            case ..<400: self = .ok
            case 404: self = .absent
            case ..<500: self = .refused
            default: self = .failed
            }
        }
    }
}
