import Content
import FoundationEssentials
import Glibc
import SystemPackage
import Testing

@Suite("Open files")
struct OpenFileTests {
    @Test("The descriptor is closed with the last reference")
    func closing() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("file")
        try scratch.write([1], to: path)
        var file: OpenFile? = try OpenFile.open(path: path)
        let link = "/proc/self/fd/\(try #require(file).descriptor)"
        func target() -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: link)
        }
        #expect(target() == path.string)
        file = nil
        // Another test may have been given the same number since, but not this file.
        #expect(target() != path.string)
    }

    @Test("A file that is not there is told from one that cannot be opened")
    func absent() throws {
        let scratch = try Scratch()
        let error = #expect(throws: ContentError.self) { try OpenFile.open(path: scratch.path.appending("absent")) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains(scratch.path.string) == true)
    }

    enum Stranger: CaseIterable { case symlink, folder, fifo }

    @Test("What is no regular file is not opened, and nothing waits for it", arguments: Stranger.allCases)
    func strangers(_ stranger: Stranger) throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("stranger")
        switch stranger {
        case .symlink: #expect(symlink("/etc/hostname", path.string) == 0)
        case .folder: #expect(mkdir(path.string, 0o700) == 0)
        case .fifo: #expect(mkfifo(path.string, 0o600) == 0)
        }
        let error = #expect(throws: ContentError.self) { try OpenFile.open(path: path) }
        #expect(error?.code == .io)
    }

    @Test("Child processes do not inherit the descriptor")
    func notInherited() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("file")
        try scratch.write([1], to: path)
        let file = try OpenFile.open(path: path)
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("Reading past the end gives nothing")
    func pastTheEnd() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("file")
        try scratch.write([1, 2, 3], to: path)
        let file = try OpenFile.open(path: path)
        #expect(try file.size() == 3)
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 1) } == 2)
        #expect(buffer.prefix(2) == [2, 3])
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 3) } == 0)
    }
}
