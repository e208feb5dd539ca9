@testable import Agent

/// An agent that says what it was told to.
struct StubSource: AdminSource {
    var snapshot: StatusSnapshot
    var found: [LocateSnapshot.Blob] = []
    var isReady = Readiness.ready

    func status() async -> StatusSnapshot { snapshot }
    func locate(_ query: LocateQuery) async -> LocateSnapshot { LocateSnapshot(query: query, blobs: found) }
    func readiness() async -> Readiness { isReady }
}
