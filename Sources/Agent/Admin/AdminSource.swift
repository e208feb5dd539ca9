/// What the admin endpoint tells of the agent.
public protocol AdminSource: Sendable {
    /// Everything at one moment; cheap enough to be asked every second.
    func status() async -> StatusSnapshot
    /// Who holds what the query names, as far as this node knows or can learn in a moment.
    func locate(_ query: LocateQuery) async -> LocateSnapshot
    /// What metrics tell beside the status.
    func meters() async -> MetersSnapshot
    /// Bytes by source over the last hour; nil where nobody counts.
    func history() async -> HistorySnapshot?
    /// Whether pulls are served.
    func readiness() async -> Readiness
}

extension AdminSource {
    public func meters() async -> MetersSnapshot { MetersSnapshot() }
    public func history() async -> HistorySnapshot? { nil }
}

/// The answer of `/readyz`.
public enum Readiness: Sendable, Equatable {
    case ready
    /// With a reason for the operator.
    case notReady(String)
}
