import Synchronization

/// Keeps what is told.
final class Recorder: Sendable {
    private let kept = Mutex<[String]>([])

    var all: [String] { kept.withLock { $0 } }

    func note(_ text: String) {
        kept.withLock { $0.append(text) }
    }
}
