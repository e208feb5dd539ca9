import Glibc
import Testing

@testable import Agent

struct ProcessMemoryTests {
    @Test(
        "A process whose memory is kept private is not dumped, whatever the limit of core dumps was, and still sees its own files"
    )
    func undumped() throws {
        try ProcessMemory.keepPrivate()
        #expect(!ProcessMemory.mayBeDumped)
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
        #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
        let usage = try #require(FileUsage.now)
        #expect(usage.open > 0)
    }
}
