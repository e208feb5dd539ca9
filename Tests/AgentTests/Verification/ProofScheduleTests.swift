import Content
import OCI
import Testing

@testable import Agent

@Suite struct ProofScheduleTests {
    private static let day: Int64 = 86_400
    private let start = ContinuousClock.now

    private func item(
        _ number: UInt8, size: Int64 = 1_000_000, provenAt: Int64? = nil, isHeldBack: Bool = false
    ) throws -> ProofItem {
        ProofItem(
            place: .containerd,
            blob: ProvableBlob(
                digest: try Digest(algorithm: .sha256, bytes: [UInt8](repeating: number, count: 32)), size: size,
                provenAt: provenAt, isHeldBack: isHeldBack))
    }

    @Test("what is held back comes first, the smallest of it before")
    func heldBack() throws {
        var schedule = ProofSchedule(period: nil, now: start)
        let large = try item(1, size: 2_000_000, isHeldBack: true)
        let small = try item(2, size: 1_000, isHeldBack: true)
        let step = schedule.next(among: [try item(3), large, small], now: start, time: 0)
        #expect(step == .release([small, large]))
    }

    @Test("of what was never hashed, what is asked for most comes first")
    func asked() throws {
        var schedule = ProofSchedule(period: nil, now: start)
        let items = [try item(1), try item(2, size: 5), try item(3)]
        schedule.ask(for: items[2].blob.digest)
        schedule.ask(for: items[0].blob.digest)
        schedule.ask(for: items[0].blob.digest)
        #expect(schedule.next(among: items, now: start, time: 0) == .prove([items[0], items[2], items[1]]))
    }

    @Test("strangers cannot make it remember more than so many digests, and what is asked for most stays")
    func flood() throws {
        var schedule = ProofSchedule(period: nil, now: start)
        let wanted = try item(1)
        for _ in 0..<100 { schedule.ask(for: wanted.blob.digest) }
        for number in 0..<(ProofSchedule.askedLimit + 10) {
            var bytes = [UInt8](repeating: 9, count: 32)
            withUnsafeBytes(of: number) { bytes.replaceSubrange(0..<8, with: $0) }
            schedule.ask(for: try Digest(algorithm: .sha256, bytes: bytes))
        }
        let other = try item(2, size: 1)
        #expect(schedule.next(among: [other, wanted], now: start, time: 0) == .prove([wanted, other]))
    }

    @Test("what could not be read is left alone for a while")
    func refused() throws {
        var schedule = ProofSchedule(period: nil, now: start)
        let item = try item(1)
        schedule.refuse(item.id, until: start + .seconds(60))
        #expect(schedule.next(among: [item], now: start + .seconds(59), time: 0) == .rest)
        #expect(schedule.next(among: [item], now: start + .seconds(61), time: 0) == .prove([item]))
    }

    @Test("without a period what is proven is not read again")
    func noScrub() throws {
        var schedule = ProofSchedule(period: nil, now: start)
        #expect(schedule.next(among: [try item(1, provenAt: 0)], now: start, time: 1_000 * Self.day) == .rest)
    }

    @Test("what is older than the period is read again at once, the oldest first")
    func overdue() throws {
        var schedule = ProofSchedule(period: 30 * Self.day, now: start)
        let items = [
            try item(1, provenAt: 69 * Self.day), try item(2, provenAt: 71 * Self.day),
            try item(3, provenAt: 68 * Self.day),
        ]
        #expect(schedule.next(among: items, now: start, time: 100 * Self.day) == .scrub([items[2], items[0]]))
    }

    @Test("what was proven all at once is spread evenly over the period")
    func spread() throws {
        var schedule = ProofSchedule(period: 30 * Self.day, now: start)
        var items = try (0..<60).map { try item(UInt8($0), provenAt: 0) }
        var read: [Int] = []
        for day in 1...30 {
            let time = Int64(day) * Self.day
            var count = 0
            while case .scrub(let due) = schedule.next(among: items, now: start + .seconds(time), time: time - 1) {
                count += due.count
                for item in due { items[Int(item.blob.digest.bytes[0])].blob.provenAt = time }
            }
            read.append(count)
        }
        #expect(read.allSatisfy { (1...3).contains($0) })
        #expect(items.count { ($0.blob.provenAt ?? 0) > 0 } >= 59)
    }

    @Test("a clock that went back makes nothing due, and the even pace goes on")
    func clockBack() throws {
        var schedule = ProofSchedule(period: 30 * Self.day, now: start)
        let items = [try item(1, provenAt: 500 * Self.day)]
        #expect(schedule.next(among: items, now: start, time: 0) == .rest)
        #expect(schedule.next(among: items, now: start + .seconds(30 * Self.day), time: 0) == .scrub(items))
    }

    @Test("nothing here is nothing to do")
    func empty() {
        var schedule = ProofSchedule(period: 1, now: start)
        #expect(schedule.next(among: [], now: start, time: 0) == .rest)
    }
}
