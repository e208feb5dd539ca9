import NIOHTTP1
import OCI

/// What has happened, and what happens.
extension AdminClient {
    /// The story of an image's last pulls on this node, and what a pull would find now.
    /// - Parameter count: of how many pulls, at most.
    public func explain(_ query: LocateQuery, last count: Int) async throws(AdminClientError) -> Answer<ExplainSnapshot>
    {
        let name = PercentCoding.encode(query.description)
        return try await ask("\(AdminRoute.explain.rawValue)?q=\(name)&last=\(count)")
    }

    /// The last pulls, the newest first.
    public func journal(limit: Int) async throws(AdminClientError) -> Answer<JournalSnapshot> {
        try await ask("\(AdminRoute.journal.rawValue)?limit=\(limit)")
    }

    /// What happens from now on, until the task is cancelled.
    /// - Parameter tell: told each line as it comes.
    /// - Throws: where there is no agent, and when it ends.
    public func events(tell: (Answer<HappeningType>) async throws -> Void) async throws(AdminClientError) {
        try await watch("the events", AdminRoute.events.rawValue, method: .GET, mayBeSilent: true, tell: tell) { _ in
            false
        }
    }
}

/// What of an event every program understands, whatever a newer agent says besides.
public struct HappeningType: Decodable, Sendable {
    public var type: String
}
