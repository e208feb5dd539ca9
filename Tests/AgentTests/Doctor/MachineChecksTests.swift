import SystemPackage
import Testing

@testable import Agent

@Suite struct MachineChecksTests {
    private func store(free: Int64, used: Int64 = 0) -> Finding {
        MachineChecks.store("/var/lib/shoal", free: free, used: used, capacity: 20_000_000_000)
    }

    @Test("a disk that has room for all of the capacity is fine, one that has not is warned of with what would fit")
    func capacity() {
        #expect(store(free: 20_000_000_000).verdict == .ok)
        #expect(store(free: 5_000_000_000, used: 15_000_000_000).verdict == .ok)
        let tight = store(free: 10_000_000_000, used: 5_000_000_000)
        #expect(tight.verdict == .warning)
        #expect(tight.mend == "store.capacity = \"14GB\", or a larger disk")
    }

    @Test("a full disk is a fault, however full the store is")
    func full() {
        for used in [0, 20_000_000_000] {
            let finding = store(free: 1 << 29, used: Int64(used))
            #expect(finding.verdict == .fault)
            #expect(finding.message.contains("/var/lib/shoal"))
        }
    }

    @Test("what costs nothing to look at warns of a full disk, of files that run out and of a clock of years ago")
    func warnings() {
        let now = 1_795_000_000
        let enough = FileUsage(open: 100, limit: 65536)
        #expect(MachineChecks.warnings("/d", free: 1 << 31, files: enough, now: now) == [])
        #expect(MachineChecks.warnings("/d", free: nil, files: nil, now: now) == [])
        let full = MachineChecks.warnings("/d", free: 1 << 29, files: enough, now: now)
        #expect(full.count == 1 && full[0].hasPrefix("/d: 536 MB free"))
        let crowded = MachineChecks.warnings("/d", free: nil, files: FileUsage(open: 950, limit: 1000), now: now)
        #expect(crowded.count == 1 && crowded[0].hasPrefix("950 of 1000 files are open"))
        #expect(MachineChecks.warnings("/d", free: nil, files: nil, now: 0).count == 1)
    }

    @Test("a clock that nobody sets is warned of, one of years ago is a fault")
    func clock() {
        let now = 1_795_000_000
        #expect(MachineChecks.clock(isSynchronized: true, now: now).verdict == .ok)
        #expect(MachineChecks.clock(isSynchronized: false, now: now).verdict == .warning)
        #expect(MachineChecks.clock(isSynchronized: true, now: 0).verdict == .fault)
    }
}
