import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import Content

@Suite struct WatchedFileTests {
    private struct Nonsense: Error {}

    private static func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
    }

    /// A file whose text is parsed as it stands, with how often that was.
    private static func watched(_ path: FilePath, _ log: LogRecorder, _ parsed: Counter) -> WatchedFile<String> {
        WatchedFile(path, words: .init(file: "the list", consequence: "there is none"), logger: log.logger) { bytes in
            parsed.count.withLock { $0 += 1 }
            guard bytes.first != UInt8(ascii: "!") else { throw Nonsense() }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    @Test("a file is parsed once, and again when it has changed, behind a link too")
    func changes() throws {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        let (real, link) = (scratch.path.appending("real"), scratch.path.appending("link"))
        try Self.write("one", to: real)
        try #require(symlink("real", link.string) == 0)
        let (log, parsed) = (LogRecorder(), Counter())
        let file = Self.watched(link, log, parsed)
        for _ in 0..<3 { #expect(file.value == "one") }
        #expect(parsed.count.withLock { $0 } == 1)
        try Self.write("three", to: real)
        #expect(file.value == "three")
        try Self.write("other", to: scratch.path.appending("next"))
        try #require(rename(scratch.path.appending("next").string, real.string) == 0)
        for _ in 0..<3 { #expect(file.value == "other") }
        #expect(parsed.count.withLock { $0 } == 3)
        #expect(log.warnings == [])
    }

    @Test("a file that is missing or makes no sense has no value, is told once, and counts when it is mended")
    func useless() throws {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        let path = scratch.path.appending("file")
        let (log, parsed) = (LogRecorder(), Counter())
        let file = Self.watched(path, log, parsed)
        for _ in 0..<3 { #expect(file.value == nil) }
        #expect(log.warnings.count == 1)
        #expect(log.warnings[0].hasPrefix("the list cannot be read; there is none file=\(path)"))
        try Self.write("! secret", to: path)
        for _ in 0..<3 { #expect(file.value == nil) }
        #expect(log.warnings.count == 2)
        #expect(log.warnings[1].hasPrefix("the list makes no sense; there is none"))
        #expect(!log.warnings[1].contains("secret"))
        try Self.write("fine", to: path)
        #expect(file.value == "fine")
    }
}
