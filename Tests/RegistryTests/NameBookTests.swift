import FoundationEssentials
import Glibc
import Logging
import SystemPackage
import Testing

@testable import Registry

@Suite("The book of names on disk")
struct NameBookTests {
    @Test("Of changes that come together and cannot be written none stays, and the next ones count again")
    func takenBack() async throws {
        var template = Array("/tmp/shoal-names-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { FilePath(platformString: $0) })
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let path = folder.appending("names.json")
        let book = NameBook(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try await book.change { $0.merge(Sample.record("app:before", "a", Sample.version(1))) }
        // A folder in its place is what no write gets past, whoever runs the test.
        let obstacle = "\(path).new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        let failures = await withTaskGroup(of: Bool.self) { group in
            for number in 1...50 {
                group.addTask {
                    do {
                        _ = try await book.change {
                            $0.merge(Sample.record("app:v\(number)", "b", Sample.version(UInt64(number))))
                        }
                        return false
                    } catch {
                        return true
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 50)
        #expect(book.table.all.map(\.name) == [Sample.name("app:before")])
        try FileManager.default.removeItem(atPath: obstacle)
        _ = try await book.change { $0.merge(Sample.record("app:after", "c", Sample.version(1))) }
        let read = NameBook(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(Set(read.table.all.map(\.name)) == [Sample.name("app:before"), Sample.name("app:after")])
    }

    @Test("Of a change that gives up in its midst nothing stays")
    func givesUp() async throws {
        struct GivingUp: Error {}
        let book = NameBook(
            path: "/nowhere/names.json", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await #expect(throws: GivingUp.self) {
            try await book.change { table in
                _ = table.merge(Sample.record("app:v1", "a", Sample.version(1)))
                throw GivingUp()
            }
        }
        #expect(book.table.all == [])
    }
}
