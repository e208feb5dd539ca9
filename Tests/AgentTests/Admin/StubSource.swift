@testable import Agent

/// An agent that says what it was told to.
struct StubSource: AdminSource {
    var snapshot: StatusSnapshot
    var found: [LocateSnapshot.Blob] = []
    var isReady = Readiness.ready

    func status() async -> StatusSnapshot { snapshot }
    func locate(_ query: LocateQuery) async -> LocateSnapshot { LocateSnapshot(query: query, blobs: found) }
    func history() async -> HistorySnapshot? {
        HistorySnapshot(ByteHistory(from: .now), end: UTCTime(seconds: 0, milliseconds: 0))
    }
    func readiness() async -> Readiness { isReady }
}
