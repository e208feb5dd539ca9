import Testing

@testable import Transfer

@Suite("The map of what is here")
struct ExtentMapTests {
    @Test("agrees with a byte-by-byte model under random inserts and removals")
    func agreesWithModel() {
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            var map = ExtentMap()
            var model = [ExtentMap.Provenance?](repeating: nil, count: 64)
            for _ in 0..<24 {
                let lower = random.next(below: 64)
                let upper = lower + random.next(below: 65 - lower)
                let range = Int64(lower)..<Int64(upper)
                switch random.next(below: 5) {
                case 0:
                    map.remove(range)
                    for index in lower..<upper { model[index] = nil }
                default:
                    let provenance: ExtentMap.Provenance = random.next(below: 2) == 0 ? .peer : .upstream
                    map.insert(range, from: provenance)
                    for index in lower..<upper { model[index] = provenance }
                }
            }
            check(map, against: model)
        }
    }

    private func check(_ map: ExtentMap, against model: [ExtentMap.Provenance?]) {
        #expect(map.count == model.count { $0 != nil })
        for offset in model.indices {
            let end = model[offset...].firstIndex { $0 == nil } ?? model.count
            #expect(map.end(from: Int64(offset)) == Int64(end))
            let own = model[offset...].firstIndex { $0 != .upstream } ?? model.count
            #expect(map.end(from: Int64(offset), where: { $0 == .upstream }) == Int64(own))
            let gapStart = model[offset...].firstIndex { $0 == nil }
            let gapEnd = gapStart.map { start in model[start...].firstIndex { $0 != nil } ?? model.count }
            let gap = map.firstGap(from: Int64(offset), before: Int64(model.count))
            #expect(gap?.lowerBound == gapStart.map(Int64.init) && gap?.upperBound == gapEnd.map(Int64.init))
        }
        for (left, right) in zip(map.extents, map.extents.dropFirst()) {
            #expect(left.range.upperBound <= right.range.lowerBound)
            #expect(left.range.upperBound < right.range.lowerBound || left.provenance != right.provenance)
        }
    }
}

/// A small generator with a seed, so that a failure can be had again.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func next(below bound: Int) -> Int {
        bound <= 0 ? 0 : Int(next() % UInt64(bound))
    }
}
