internal import Logging
internal import Synchronization

/// Warns of what every look at containerd finds again, once.
final class FirstTimeLog: Sendable {
    /// So many different warnings a connection gives; a store with more in it is told by these.
    static let limit = 100

    private let logger: Logger
    private let told = Mutex<Set<String>>([])

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Warns, unless it has before.
    func warn(_ message: String) {
        let isNew = told.withLock { $0.count < Self.limit && $0.insert(message).inserted }
        if isNew { logger.warning("\(message)") }
    }
}
