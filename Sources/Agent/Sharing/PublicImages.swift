import Discovery
import Logging
import NIOPosix
import OCI
import Synchronization
import SystemPackage
import Transfer

/// What upstream said about who may have which image, remembered over restarts. Safe from any thread.
final class PublicImages: Sendable {
    private struct State {
        var answers: PublicAnswers
        var isSaved = true
    }

    private let path: FilePath
    private let logger: Logger
    private let state: Mutex<State>
    /// Held while the file is written: one writer at a time, and the newest answers last.
    private let file = Mutex(())

    /// Reads the file. One that is damaged leaves a warning and is begun anew: upstream is asked again.
    init(path: FilePath, logger: Logger) {
        self.path = path
        self.logger = logger
        state = Mutex(State(answers: Self.read(path, logger)))
    }

    /// Nil where upstream has never said.
    func isPublic(_ digest: Digest, at origin: Origin) -> Bool? {
        state.withLock { $0.answers.isPublic(.init(origin: origin, digest: digest)) }
    }

    /// What upstream has said, and whether that is of today.
    func publicity(of digest: Digest, at origin: Origin, now: Int64) -> Publicity {
        let image = PublicAnswers.Image(origin: origin, digest: digest)
        return state.withLock { state in
            switch state.answers.isPublic(image) {
            case nil: .unknown
            case true?: state.answers.isDue(image, now: now) ? .wasOnce : .yes
            case false?: .no
            }
        }
    }

    /// Those of the images that upstream has to be asked about.
    func due(_ images: [PublicAnswers.Image], now: Int64) -> [PublicAnswers.Image] {
        state.withLock { state in images.filter { state.answers.isDue($0, now: now) } }
    }

    /// Notes an answer of upstream's. It is on disk after the next ``save()``.
    /// - Returns: whether it is news.
    @discardableResult
    func record(_ isPublic: Bool, of image: PublicAnswers.Image, at now: Int64) -> Bool {
        state.withLock { state in
            let isNews = state.answers.isPublic(image) != isPublic
            // Every pull confirms what is known: worth a word in the file when the old one has aged.
            guard isNews || state.answers.isDue(image, now: now) else { return false }
            state.answers.record(isPublic, of: image, at: now)
            state.isSaved = false
            return isNews
        }
    }

    /// Writes the file if there is anything new. A disk that refuses costs no more than asking again after a restart.
    func save() async {
        guard state.withLock({ !$0.isSaved }) else { return }
        do {
            try await NIOThreadPool.singleton.runIfActive { try self.write() }
        } catch {
            logger.warning(
                "which images are public cannot be written down; upstream will be asked again after a restart",
                metadata: ["file": "\(path)", "reason": "\(error)"])
        }
    }

    private func write() throws {
        try file.withLock { _ in
            let answers = state.withLock { state in
                state.isSaved = true
                return state.answers
            }
            do {
                try SmallFile.replace(path, with: try answers.document())
            } catch {
                state.withLock { $0.isSaved = false }
                throw error
            }
        }
    }

    private static func read(_ path: FilePath, _ logger: Logger) -> PublicAnswers {
        let reason: String
        do {
            if let bytes = try SmallFile.read(path, limit: PublicAnswers.maximumSize) {
                return try PublicAnswers(document: bytes)
            }
            reason = "it is larger than \(PublicAnswers.maximumSize) bytes"
        } catch Errno.noSuchFileOrDirectory {
            return PublicAnswers()
        } catch {
            reason = "\(error)"
        }
        logger.warning(
            "the file of public images cannot be used; it is begun anew, and upstream asked again",
            metadata: ["file": "\(path)", "reason": "\(reason)"])
        return PublicAnswers()
    }
}
