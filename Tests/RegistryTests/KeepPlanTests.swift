import OCI
import Testing

@testable import Registry

struct KeepPlanTests {
    /// `a` is an image of config `1` and layer `2`; `b` of `1` and `3`; `e` is an index of both; `5` is a signature of `a` with blob `6`.
    private static let children: [Digest: [Digest]] = [
        Sample.digest("a"): [Sample.digest("1"), Sample.digest("2")],
        Sample.digest("b"): [Sample.digest("1"), Sample.digest("3")],
        Sample.digest("e"): [Sample.digest("a"), Sample.digest("b")],
        Sample.digest("5"): [Sample.digest("6")],
    ]

    private func plan(_ names: [NameRecord], pinned: [Character] = [], recent: [Character] = [], now: Int64 = 100_000)
        -> KeepPlan
    {
        KeepPlan(
            names: names, pinned: pinned.map(Sample.digest), recent: Set(recent.map(Sample.digest)), grace: 1_000,
            now: now,
            children: { digest, _ in Self.children[digest] ?? [] })
    }

    private func letters(_ digests: Set<Digest>) -> String {
        String(digests.map { $0.hex.first ?? "?" }.sorted())
    }

    @Test("a tag that was pushed here keeps everything that it leads to")
    func tag() {
        #expect(letters(plan([Sample.record("app:1", "e", Sample.version(1))]).kept) == "123abe")
    }

    @Test("a tag that was heard from another node, and one that is deleted, keep nothing")
    func others() {
        let names = [
            Sample.record("app:1", "a", Sample.version(1), isOwn: false),
            Sample.record("app:2", "b", Sample.version(1), isDeleted: true),
        ]
        #expect(plan(names).kept.isEmpty)
    }

    @Test("a manifest without a tag is kept for the grace time")
    func untagged() {
        let names = [Sample.record("app@b", "b", Sample.version(1), since: 99_500)]
        #expect(letters(plan(names).kept) == "13b")
        #expect(plan(names, now: 101_000).kept.isEmpty)
    }

    @Test("a signature is kept for as long as what it is about, signatures of signatures too")
    func referrers() {
        let names = [
            Sample.record("app:1", "a", Sample.version(1)),
            Sample.record("app@5", "5", Sample.version(1), subject: "a", since: 0),
            Sample.record("app@7", "7", Sample.version(1), subject: "5", since: 0),
            Sample.record("app@8", "8", Sample.version(1), subject: "b", since: 0),
        ]
        #expect(letters(plan(names).kept) == "12567a")
    }

    @Test("pins, and blobs whose manifest may be on its way, are kept")
    func pins() {
        #expect(letters(plan([], pinned: ["a"], recent: ["9"]).kept) == "129a")
    }

    @Test("members that nothing leads to are forgotten after the grace time, tags and deletions never")
    func forgotten() {
        let names = [
            Sample.record("app:1", "a", Sample.version(1)), Sample.record("app@a", "a", Sample.version(1), since: 0),
            Sample.record("app@b", "b", Sample.version(1), since: 0),
            Sample.record("app@3", "3", Sample.version(1), since: 99_900),
            Sample.record("app@4", "4", Sample.version(1), isDeleted: true, since: 0),
        ]
        let plan = plan(names)
        #expect(plan.forgotten(plan.kept) == [Sample.name("app@b")])
    }
}
