import FoundationEssentials
import Glibc
import SystemPackage
import Testing

@testable import Agent

@Suite struct JournalFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var path: FilePath { folder.path.appending("journal") }
    private var newest: String { path.appending("pulls.jsonl").string }

    private func lines(_ file: JournalFile) -> [String] {
        var lines: [String] = []
        file.forEachLine { line in
            lines.append(String(decoding: line, as: UTF8.self))
            return true
        }
        return lines
    }

    private func append(_ text: String, to file: JournalFile) throws { try file.append(Array(text.utf8)) }

    @Test("lines come back the newest first, from a file that only the agent reads")
    func order() throws {
        let file = JournalFile(folder: path)
        for text in ["one", "two", "three"] { try append(text, to: file) }
        #expect(lines(file) == ["three", "two", "one"])
        #expect(lines(JournalFile(folder: path)) == ["three", "two", "one"], "another agent reads the same")
        var status = stat()
        #expect(stat(newest, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(stat(path.string, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test("no more than two files of the limit are kept, and the newest lines are among them")
    func rotation() throws {
        let file = JournalFile(folder: path, limit: 100)
        for number in 10..<60 { try append("line \(number)", to: file) }
        let kept = lines(file)
        #expect(kept.first == "line 59")
        #expect(kept.count >= 100 / 8 && kept.count <= 200 / 8)
        #expect(kept == (0..<kept.count).map { "line \(59 - $0)" }, "none is missing in between")
        let files = try FileManager.default.contentsOfDirectory(atPath: path.string)
        #expect(Set(files) == ["pulls.jsonl", "pulls.1.jsonl"])
        for name in files {
            let size = try #require(FileManager.default.contents(atPath: path.appending(name).string)?.count)
            #expect(size <= 100)
        }
    }

    @Test("a line that a kill has torn stays alone, and spoils none after it")
    func torn() throws {
        try append("one", to: JournalFile(folder: path))
        let handle = try FileDescriptor.open(path.appending("pulls.jsonl"), .writeOnly, options: .append)
        _ = try handle.closeAfter { try handle.writeAll("{\"tor".utf8) }
        let file = JournalFile(folder: path)
        try append("two", to: file)
        #expect(lines(file) == ["two", "{\"tor", "one"])
    }

    @Test("a file that is taken away is begun anew")
    func removed() throws {
        let file = JournalFile(folder: path)
        try append("one", to: file)
        try FileManager.default.removeItem(atPath: newest)
        try append("two", to: file)
        #expect(lines(file) == ["two"])
    }

    @Test("what cannot be written is an error, and the next line is tried again")
    func refused() throws {
        // A file in the folder's place: root may write anywhere else.
        try Data().write(to: URL(filePath: path.string))
        let file = JournalFile(folder: path)
        #expect(throws: Errno.self) { try append("one", to: file) }
        try FileManager.default.removeItem(atPath: path.string)
        try append("two", to: file)
        #expect(lines(file) == ["two"])
    }
}
