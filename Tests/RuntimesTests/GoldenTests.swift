import Runtimes
import SystemPackage
import Testing

@Suite struct GoldenTests {
    @Test(
        "configure makes of each tree what is written beside it, twice changes nothing, and --undo brings it back to the byte",
        arguments: GoldenCase.all)
    func tree(golden: GoldenCase) throws {
        let folder = try TemporaryFolder()
        let place = folder.path + "/tree"
        let expected = folder.path + "/expected"
        try golden.copy(of: golden.before, to: place)
        try golden.copy(of: golden.after, to: expected)
        let tree = FileTree(root: FilePath(place))
        let before = try TreeSnapshot(place)

        let plan = try golden.plan(undo: false, in: tree)
        try tree.apply(plan)
        #expect(try TreeSnapshot(place) == TreeSnapshot(expected))
        for remark in golden.remarks {
            #expect(plan.remarks.contains { $0.contains(remark) }, "\(remark): \(plan.remarks)")
        }
        #expect(plan.refusals.count == golden.refusals.count, "\(plan.refusals)")
        for (refusal, wanted) in zip(plan.refusals, golden.refusals) {
            let parts = wanted.split(separator: " ", maxSplits: 1)
            #expect(refusal.description.hasPrefix("\(parts[0]): "), "\(refusal)")
            #expect(refusal.reason.contains(parts[1]), "\(refusal)")
        }

        let again = try golden.plan(undo: false, in: tree)
        #expect(again.edits == [], "\(again.diff)")
        #expect(again.refusals == plan.refusals)

        try tree.apply(golden.plan(undo: true, in: tree))
        #expect(try TreeSnapshot(place) == before)
        #expect(try golden.plan(undo: true, in: tree).edits == [])
    }

    @Test("there are trees for every runtime")
    func count() {
        #expect(GoldenCase.all.count >= 40)
        for runtime in RuntimeSurvey.Runtime.allCases {
            #expect(GoldenCase.all.contains { $0.name.hasPrefix(runtime.rawValue) })
        }
    }
}
