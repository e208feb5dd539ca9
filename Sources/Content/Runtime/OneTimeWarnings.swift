import Logging
import Synchronization

/// Says each thing once, and not too many things: what is looked at again and again is as wrong as it was.
final class OneTimeWarnings: Sendable {
    /// How many are said.
    static let limit = 16

    private let logger: Logger
    private let said = Mutex<Set<String>>([])

    init(logger: Logger) {
        self.logger = logger
    }

    func warn(_ message: Logger.Message, _ detail: String) {
        let count = said.withLock { said -> Int? in
            guard said.count < Self.limit, said.insert(detail).inserted else { return nil }
            return said.count
        }
        guard let count else { return }
        logger.warning(message, metadata: ["reason": "\(detail)"])
        if count == Self.limit { logger.warning("more of that kind in containerd are not told of") }
    }
}
