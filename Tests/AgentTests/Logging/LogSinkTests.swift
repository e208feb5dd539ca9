import Glibc
import SystemPackage
import Testing

@testable import Agent

@Suite("Where the log goes")
struct LogSinkTests {
    @Test(
        "Who does not read the log stops nobody, and has the lines that come when there is room again",
        .timeLimit(.minutes(1)))
    func stuck() throws {
        let (reader, writer) = try FileDescriptor.pipe()
        defer { try? reader.close() }
        let sink = LogSink(to: writer)
        let line = String(repeating: "x", count: 999) + "\n"
        // A pipe holds 64 KiB.
        for _ in 0..<1000 { sink.write(line) }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
        defer { room.deallocate() }
        let count = try reader.read(into: room)
        #expect(count > 0 && count < 1 << 20 && count % 1000 == 0)
        sink.write("again\n")
        try writer.close()
        let rest = try reader.read(into: room)
        #expect(String(decoding: room[..<rest], as: UTF8.self) == "again\n")
        let end = try reader.read(into: room)
        #expect(end == 0)
    }

    @Test("A log that nobody can read any more is no trouble")
    func closed() throws {
        // As the agent does.
        signal(SIGPIPE, SIG_IGN)
        let (reader, writer) = try FileDescriptor.pipe()
        try reader.close()
        LogSink(to: writer).write("lost\n")
        try writer.close()
    }
}
