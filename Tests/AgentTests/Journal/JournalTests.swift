import FoundationEssentials
import Logging
import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(1))) struct JournalTests {
    private let folder: TemporaryFolder
    private let log = LogRecorder()

    init() throws { folder = try TemporaryFolder() }

    /// Runs a journal until so many stories have been written, or lost.
    private func keep(_ entries: [JournalEntry], in path: FilePath) async throws -> Journal {
        let (written, tell) = AsyncStream<JournalEntry>.makeStream()
        let journal = Journal(file: JournalFile(folder: path), logger: log.logger) { tell.yield($0) }
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await journal.run() }
            for entry in entries { journal.keep(entry) }
            var rest = written.makeAsyncIterator()
            for entry in entries { #expect(await rest.next() == entry) }
            group.cancelAll()
        }
        return journal
    }

    @Test("stories are found again by the next agent, those that are wanted, the newest first")
    func restart() async throws {
        let names = ["a:1", "b:1", "a:1", "c:1"]
        let path = folder.path.appending("journal")
        let entries = try names.map { try JournalSamples.entry($0) }
        _ = try await keep(entries, in: path)
        let next = Journal(file: JournalFile(folder: path), logger: log.logger)
        #expect(await next.entries(10).map(\.image) == ["c:1", "a:1", "b:1", "a:1"])
        #expect(await next.entries(2).map(\.image) == ["c:1", "a:1"])
        #expect(await next.entries(10) { $0.image == "a:1" }.count == 2)
    }

    @Test("a line that is no story is passed over")
    func torn() async throws {
        let path = folder.path.appending("journal")
        _ = try await keep([try JournalSamples.entry("a:1")], in: path)
        try JournalFile(folder: path).append(Array(#"{"id":"00"}"#.utf8))
        let journal = try await keep([try JournalSamples.entry("b:1")], in: path)
        #expect(await journal.entries(10).map(\.image) == ["b:1", "a:1"])
    }

    @Test("a disk that refuses costs stories and one warning, and is written to when it is well again")
    func refusing() async throws {
        let path = folder.path.appending("journal")
        try Data().write(to: URL(filePath: path.string))
        let (written, tell) = AsyncStream<JournalEntry>.makeStream()
        let journal = Journal(file: JournalFile(folder: path), logger: log.logger) { tell.yield($0) }
        let entry = try JournalSamples.entry()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await journal.run() }
            var rest = written.makeAsyncIterator()
            for _ in 0..<3 { journal.keep(entry) }
            for _ in 0..<3 { #expect(await rest.next() == entry, "whoever listens hears of it all the same") }
            #expect(log.warnings.count == 1)
            #expect(log.warnings.first?.contains("the journal of pulls cannot be written") == true)
            try FileManager.default.removeItem(atPath: path.string)
            journal.keep(entry)
            #expect(await rest.next() == entry)
            group.cancelAll()
        }
        #expect(await journal.entries(10) == [entry])
        #expect(log.warnings.count == 1)
    }

    @Test("more stories than may wait for a disk are dropped, with one warning")
    func bounded() throws {
        let journal = Journal(file: JournalFile(folder: folder.path), logger: log.logger)
        for _ in 0..<(Journal.waitingLimit + 10) { journal.keep(try JournalSamples.entry()) }
        #expect(log.warnings.count == 1)
    }
}
