import Content
import Gateway
import Integrity
import Logging
import NIOPosix
import Synchronization
import SystemPackage

/// The users of `push.htpasswd`. The file is read again when it changes.
///
/// Passwords are hashed on threads of their own, a few at a time. An unknown user takes as long as a known one.
final class HtpasswdUsers: PushUsers {
    /// Threads that hash: a guesser must not get the whole machine.
    private static let threads = 2
    /// Passwords that wait for them.
    private static let queue = 64
    /// Lines of the file that the log complains of.
    private static let complaints = 20

    private struct State {
        var recent = RecentPasswords()
        var limit = FailureLimit()
        var waiting = 0
    }

    private let file: WatchedFile<HtpasswdDocument>
    private let pool = NIOThreadPool(numberOfThreads: threads)
    /// Of the codes of right passwords; gone with the process.
    private let key = SecureRandom.bytes(32)
    private let state = Mutex(State())
    private let logger: Logger

    /// Reads the file. Blocks.
    /// - Throws: where it cannot be read.
    init(_ path: FilePath, logger: Logger) throws(StartError) {
        self.logger = logger
        file = WatchedFile(
            path,
            words: .init(file: "push.htpasswd", consequence: "nobody can push from another machine until it can"),
            logger: logger
        ) { bytes in
            let document = HtpasswdDocument(bytes)
            Self.tell(document, path, logger)
            return document
        }
        guard file.value != nil else {
            throw StartError(
                message:
                    "push.htpasswd: \(path) cannot be read; make it with htpasswd -B -c \(path) USER, and let the agent's "
                    + "user read it: chown root:GROUP, its group, and chmod 640")
        }
        pool.start()
    }

    func close() async {
        try? await pool.shutdownGracefully()
    }

    func check(_ credentials: BasicCredentials, from address: String) async -> PushUserVerdict {
        guard let document = file.value else { return .wrong }
        let known = document.users[credentials.user]
        let hash = known ?? stand(in: document, for: credentials.user)
        let code = HMACSHA256.code(
            key: key, [known == nil ? 0 : 1], Array(credentials.user.utf8), Array(credentials.password.utf8), hash.bytes
        )
        let now = ContinuousClock.now
        let early: PushUserVerdict? = state.withLock { state in
            // Before the limit: who is right is not kept out by who guesses behind the same address.
            if state.recent.contains(code, at: now) { return .right }
            if let seconds = state.limit.take(address, at: now) { return .later(seconds: seconds) }
            guard state.waiting < Self.queue else {
                state.limit.giveBack(address, at: now)
                return .later(seconds: 1)
            }
            state.waiting += 1
            return nil
        }
        if let early { return early }
        let isRight = await hashes(credentials, hash, code) && known != nil
        state.withLock { state in
            state.waiting -= 1
            guard isRight else { return }
            state.recent.insert(code, at: .now)
            state.limit.giveBack(address, at: .now)
        }
        if !isRight { logger.notice("a wrong user or password for pushing", metadata: ["from": "\(address)"]) }
        return isRight ? .right : .wrong
    }

    private func hashes(_ credentials: BasicCredentials, _ hash: BcryptHash, _ code: RecentPasswords.Code) async -> Bool
    {
        let isRight = try? await pool.runIfActive {
            // The same client's other connections may have been first.
            self.state.withLock { $0.recent.contains(code, at: .now) } || hash.matches(credentials.password)
        }
        return isRight ?? false
    }

    /// The hash that an unknown user is looked at with: always the same one for a name, of the cost that one of the known has.
    private func stand(in document: HtpasswdDocument, for user: String) -> BcryptHash {
        guard !document.hashes.isEmpty else { return .decoy }
        let number = HMACSHA256.code(key: key, Array(user.utf8)).prefix(4).reduce(0) { $0 << 8 | Int($1) }
        return document.hashes[number % document.hashes.count]
    }

    private static func tell(_ document: HtpasswdDocument, _ path: FilePath, _ logger: Logger) {
        for fault in document.faults.prefix(complaints) {
            logger.warning(
                "a line of push.htpasswd is not used: \(fault.text)", metadata: ["file": "\(path):\(fault.line)"])
        }
        if document.faults.count > complaints {
            logger.warning(
                "more lines of push.htpasswd are not used",
                metadata: ["file": "\(path)", "lines": "\(document.faults.count - complaints)"])
        }
        if document.users.isEmpty {
            logger.warning(
                "push.htpasswd names no user: nobody can push from another machine; htpasswd -B adds one",
                metadata: ["file": "\(path)"])
        }
    }
}
