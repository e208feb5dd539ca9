import Glibc
import SystemPackage
import Testing

@testable import Content

@Suite("The marker of a running agent")
struct RunMarkerTests {
    private let minute: Int64 = 60_000_000_000

    private func path(_ scratch: Scratch) -> FilePath { scratch.path.appending("data").appending("running") }

    /// An agent that was there, and is dead now.
    private func crash(_ scratch: Scratch, touched seconds: Int) throws {
        do { _ = try RunMarker(path: path(scratch), now: 0) }
        let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path(scratch).string, times, 0) == 0)
    }

    @Test("A first start doubts nothing")
    func first() throws {
        #expect(try RunMarker(path: path(try Scratch()), now: 5_000 * minute).window == nil)
    }

    @Test("After a proper stop nothing is doubted")
    func properStop() throws {
        let scratch = try Scratch()
        do { try RunMarker(path: path(scratch), now: 0).remove() }
        #expect(!scratch.exists(path(scratch)))
        #expect(try RunMarker(path: path(scratch), now: 0).window == nil)
    }

    @Test("After a crash files are doubted from a minute before the last sign of life until now")
    func afterCrash() throws {
        let scratch = try Scratch()
        try crash(scratch, touched: 6_000)
        let window = try #require(try RunMarker(path: path(scratch), now: 7_000_000_000_000).window)
        #expect(window == CrashWindow(since: 5_940_000_000_000, until: 7_000_000_000_000))
        #expect(window.doubts(5_940_000_000_000))
        #expect(window.doubts(6_999_000_000_000))
        #expect(!window.doubts(5_939_999_999_999))
        #expect(!window.doubts(7_000_000_000_000))
    }

    @Test("A clock that has fallen back does not hide what was written before the crash")
    func clockFallenBack() throws {
        let scratch = try Scratch()
        try crash(scratch, touched: 6_000)
        let window = try #require(try RunMarker(path: path(scratch), now: 0).window)
        #expect(window.doubts(6_010_000_000_000))
    }

    @Test("A second crash does not forget the first, until everything has been proven")
    func twice() throws {
        let scratch = try Scratch()
        try crash(scratch, touched: 6_000)
        try crash(scratch, touched: 9_000)
        let third = try RunMarker(path: path(scratch), now: 0)
        #expect(third.window?.since == 5_940_000_000_000)
        third.settle()
    }

    @Test("Once all is proven only the last crash counts")
    func settled() throws {
        let scratch = try Scratch()
        try crash(scratch, touched: 6_000)
        do { try RunMarker(path: path(scratch), now: 0).settle() }
        let times = [timespec(tv_sec: 9_000, tv_nsec: 0), timespec(tv_sec: 9_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path(scratch).string, times, 0) == 0)
        #expect(try RunMarker(path: path(scratch), now: 0).window?.since == 8_940_000_000_000)
    }

    @Test("Stopping properly with something still in doubt leaves the doubt to the next start")
    func unsettled() throws {
        let scratch = try Scratch()
        try crash(scratch, touched: 6_000)
        do { try RunMarker(path: path(scratch), now: 0).remove() }
        #expect(try RunMarker(path: path(scratch), now: 0).window?.since == 5_940_000_000_000)
    }

    @Test("A sign of life moves the doubt on")
    func touching() throws {
        let scratch = try Scratch()
        let marker = try RunMarker(path: path(scratch), now: 0)
        let times = [timespec(tv_sec: 9_000, tv_nsec: 0), timespec(tv_sec: 9_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path(scratch).string, times, 0) == 0)
        marker.touch()
        #expect(try #require(FileIdentity(at: path(scratch))).modified > 9_000_000_000_000)
    }

    @Test("A second agent in the same folder is told so")
    func secondAgent() throws {
        let scratch = try Scratch()
        let first = try RunMarker(path: path(scratch), now: 0)
        let error = #expect(throws: ContentError.self) { try RunMarker(path: path(scratch), now: 0) }
        #expect(error?.code == .unusable)
        #expect(error?.message.contains("another agent is running in \(scratch.path)/data") == true)
        first.remove()
    }
}
