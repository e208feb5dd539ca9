import NIOHTTP1
import Synchronization

/// Requests of one listener by what they were about and how they ended, for metrics. Bounded: both are a handful of words. It is told
/// once a request, and holds its lock for one addition.
public final class RequestCounters: Sendable {
    public enum Route: String, Sendable, CaseIterable {
        case manifest, blob, tags, referrers, pieces, chain, inventory, node, other

        /// Those of the mirror.
        public static let mirror: [Route] = [.manifest, .blob, .tags, .referrers, .other]
        /// Those of the peer routes.
        public static let peers: [Route] = [.blob, .pieces, .chain, .inventory, .node, .other]
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

    private struct State {
        /// By route, and for each by result.
        var counts = [Int](repeating: 0, count: Route.allCases.count * Result.allCases.count)
        var bytes: Int64 = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Those that there were.
    public var snapshot: [Key: Int] {
        let counts = state.withLock { $0.counts }
        var snapshot: [Key: Int] = [:]
        for route in Route.allCases {
            for result in Result.allCases {
                let count = counts[Self.place(route, result)]
                if count > 0 { snapshot[Key(route: route, result: result)] = count }
            }
        }
        return snapshot
    }

    /// Bytes of bodies that went out.
    public var bytes: Int64 { state.withLock { $0.bytes } }

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
        let place = Self.place(route, Result(outcome))
        state.withLock { state in
            state.counts[place] += 1
            state.bytes += outcome.bytes
        }
    }

    private static func place(_ route: Route, _ result: Result) -> Int {
        route.index * Result.allCases.count + result.index
    }
}

extension RequestCounters.Route {
    fileprivate var index: Int {
        switch self {
        case .manifest: 0
        case .blob: 1
        case .tags: 2
        case .referrers: 3
        case .pieces: 4
        case .chain: 5
        case .inventory: 6
        case .node: 7
        case .other: 8
        }
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

    fileprivate var index: Int {
        switch self {
        case .ok: 0
        case .absent: 1
        case .refused: 2
        case .failed: 3
        case .clientGone: 4
        case .broken: 5
        }
    }
}
