import Discovery
import Gateway
import SystemPackage
import Testing

@testable import Agent

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.timeLimit(.minutes(1))) struct HtpasswdUsersTests {
    private static let alice = HtpasswdDocumentTests.alice
    private static let carol = HtpasswdDocumentTests.carol

    private static func withUsers(
        _ text: String, _ log: LogRecorder = LogRecorder(),
        _ body: (HtpasswdUsers, FilePath) async throws -> Void
    ) async throws {
        var template = Array("/tmp/htpasswd-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = FilePath(folder).appending("htpasswd")
        defer {
            unlink(path.string)
            rmdir(folder)
        }
        try SmallFile.replace(path, with: Array(text.utf8))
        let users = try HtpasswdUsers(path, logger: log.logger)
        do {
            try await body(users, path)
        } catch {
            await users.close()
            throw error
        }
        await users.close()
    }

    private static func check(
        _ users: HtpasswdUsers, _ user: String, _ password: String, from address: String = "192.0.2.7"
    ) async -> PushUserVerdict {
        await users.check(BasicCredentials(user: user, password: password), from: address)
    }

    @Test("a user's own password is right, and nothing else is")
    func verdicts() async throws {
        try await Self.withUsers("\(Self.alice)\n\(Self.carol)") { users, _ in
            #expect(await Self.check(users, "alice", "wonderland") == .right)
            #expect(await Self.check(users, "carol", "pass:word") == .right)
            #expect(await Self.check(users, "alice", "pass:word") == .wrong)
            #expect(await Self.check(users, "alice", "") == .wrong)
            #expect(await Self.check(users, "Alice", "wonderland") == .wrong)
            #expect(await Self.check(users, "nobody", "wonderland") == .wrong)
            // A stranger whose stand-in happens to have that password is a stranger still.
            for name in 0..<4 { #expect(await Self.check(users, "x\(name)", "wonderland", from: "\(name)") == .wrong) }
        }
    }

    @Test("a changed file counts at once: users come and go, passwords change, remembered ones too")
    func changes() async throws {
        let log = LogRecorder()
        try await Self.withUsers(Self.alice, log) { users, path in
            #expect(await Self.check(users, "alice", "wonderland") == .right)
            try SmallFile.replace(path, with: Array(Self.carol.replacing("carol", with: "alice").utf8))
            #expect(await Self.check(users, "alice", "wonderland") == .wrong)
            #expect(await Self.check(users, "alice", "pass:word") == .right)
            try SmallFile.replace(path, with: Array(Self.carol.utf8))
            #expect(await Self.check(users, "alice", "pass:word") == .wrong)
            #expect(await Self.check(users, "carol", "pass:word") == .right)
            #expect(log.warnings == [])
            unlink(path.string)
            #expect(await Self.check(users, "carol", "pass:word") == .wrong)
            #expect(log.warnings.count == 1)
            #expect(log.warnings[0].contains("nobody can push from another machine until it can"))
        }
    }

    @Test("a guesser is stopped after ten wrong passwords, and who is right goes on behind the same address")
    func guesser() async throws {
        try await Self.withUsers(Self.alice) { users, _ in
            #expect(await Self.check(users, "alice", "wonderland") == .right)
            for number in 0..<10 { #expect(await Self.check(users, "alice", "\(number)") == .wrong) }
            guard case .later(let seconds) = await Self.check(users, "bob", "10") else {
                Issue.record("the eleventh guess was looked at")
                return
            }
            #expect((1...6).contains(seconds))
            #expect(await Self.check(users, "alice", "wonderland") == .right)
            #expect(await Self.check(users, "alice", "wonderland", from: "192.0.2.8") == .right)
            // Right as it may be: nobody looks at what is not known from there.
            #expect(await Self.check(users, "alice", "10", from: "192.0.2.8") == .wrong)
        }
    }

    @Test("an unknown user's password is hashed, as a known one's is")
    func unknown() async throws {
        try await Self.withUsers(Self.slow) { users, _ in
            // Without the hash it would be a thousandth; what else the machine does only makes it longer.
            let known = try await Self.shortest { #expect(await Self.check(users, "dora", $0) == .wrong) }
            let unknown = try await Self.shortest { #expect(await Self.check(users, "nobody\($0)", $0) == .wrong) }
            #expect(unknown > known / 10)
        }
    }

    /// The shortest of three tries, each with another password.
    private static func shortest(_ body: (String) async throws -> Void) async throws -> Duration {
        var shortest: Duration = .seconds(3600)
        for number in 0..<3 {
            let took = try await ContinuousClock().measure { try await body("\(number)") }
            shortest = min(shortest, took)
        }
        return shortest
    }

    /// A cost of 12: a quarter of a second each.
    private static let slow = "dora:$2y$12$Lvugg7lPP3qPmA1e4KO6IuxANOHZmC6IPfK4ROxfwSdls05IVh1fu"

    @Test("a thousand requests with the same password cost one hash")
    func remembered() async throws {
        try await Self.withUsers(Self.slow) { users, _ in
            let started = ContinuousClock.now
            await withTaskGroup(of: PushUserVerdict.self) { group in
                for _ in 0..<40 { group.addTask { await Self.check(users, "dora", "explorer", from: "a") } }
                for await verdict in group { #expect(verdict == .right || verdict.isLater) }
            }
            for _ in 0..<1000 { #expect(await Self.check(users, "dora", "explorer", from: "b") == .right) }
            // A thousand hashes would take minutes.
            #expect(ContinuousClock.now - started < .seconds(30))
        }
    }

    @Test("lines that are not used are logged with file and line, at most twenty of them, and no hash")
    func complaints() async throws {
        let log = LogRecorder()
        let bad = (0..<30).map { "user\($0):{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=" }.joined(separator: "\n")
        try await Self.withUsers("\(bad)\n\(Self.alice)", log) { users, path in
            #expect(log.warnings.count == 21)
            #expect(log.warnings[0].hasSuffix("file=\(path):1"))
            #expect(log.warnings[20].contains("lines=10"))
            #expect(!log.warnings.joined().contains("5en6"))
            #expect(await Self.check(users, "alice", "wonderland") == .right)
            #expect(await Self.check(users, "user1", "secret") == .wrong)
        }
    }

    @Test("a file without users is told, and lets nobody in")
    func empty() async throws {
        let log = LogRecorder()
        try await Self.withUsers("# nobody\n", log) { users, _ in
            #expect(log.warnings.count == 1)
            #expect(log.warnings[0].contains("nobody can push"))
            #expect(await Self.check(users, "alice", "wonderland") == .wrong)
        }
    }

    @Test("a file that cannot be read at the start is an error that names key, file and mend")
    func missing() {
        let error = #expect(throws: StartError.self) {
            try HtpasswdUsers("/nonexistent/htpasswd", logger: LogRecorder().logger)
        }
        #expect(
            error?.message.hasPrefix("push.htpasswd: /nonexistent/htpasswd cannot be read; make it with htpasswd -B")
                == true)
    }
}

extension PushUserVerdict {
    fileprivate var isLater: Bool {
        if case .later = self { true } else { false }
    }
}
