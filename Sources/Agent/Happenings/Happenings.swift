import FoundationEssentials
import ServiceLifecycle
import Synchronization

/// What happens in the agent, for whoever listens at that moment. Telling never waits.
///
/// Bounded: ``listenerLimit`` listeners, each behind by a ``Backlog``. Its service ends what listeners hear when the agent stops, before
/// the listeners of HTTP do: their answers would else never be over.
final class Happenings: Service {
    static let listenerLimit = 64
    /// A listener to whom nothing happens hears so often that it is still heard.
    static let pulse: Duration = .seconds(15)

    private struct State {
        var listeners: [Weak] = []
        var isClosed = false
    }

    private struct Weak {
        weak var listener: Listener?
    }

    private let state = Mutex(State())

    /// Tells everybody who listens.
    /// - Parameter happening: made only where anybody does.
    func tell(_ happening: @autoclosure () -> Happening) {
        let listeners = listeners
        guard !listeners.isEmpty, let item = try? Backlog.Item(happening()) else { return }
        for listener in listeners { listener.add(item) }
    }

    /// What happens from now on, until the listener is let go. Nil where too many listen already.
    func listen() -> Listener? {
        guard let first = try? Backlog.Item(Happening(.listening)) else { return nil }
        let listener = Listener()
        listener.add(first)
        return state.withLock { state in
            state.listeners.removeAll { $0.listener == nil }
            guard state.listeners.count < Self.listenerLimit else { return nil }
            if state.isClosed { listener.close() }
            state.listeners.append(Weak(listener: listener))
            return listener
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.pulse)) != nil {
                for listener in self.listeners { listener.pulse() }
            }
        }
        state.withLock { $0.isClosed = true }
        for listener in listeners { listener.close() }
    }

    private var listeners: [Listener] { state.withLock { $0.listeners.compactMap(\.listener) } }
}

/// One who listens. Heard by one task at a time.
public final class Listener: Sendable {
    private let backlog = Mutex(Backlog())
    private let bell = Signal()

    func add(_ item: Backlog.Item) {
        backlog.withLock { $0.add(item) }
        bell.raise()
    }

    func pulse() {
        backlog.withLock { $0.pulse() }
        bell.raise()
    }

    /// What has been told so far is the last.
    func close() { bell.end() }

    /// What is told next; nil at the end, or where the task is cancelled.
    func next() async -> Backlog.Taken? {
        while true {
            if let taken = backlog.withLock({ $0.take() }) { return taken }
            var rings = bell.raised.makeAsyncIterator()
            guard await rings.next() != nil else { return backlog.withLock { $0.take() } }
        }
    }
}

extension Backlog.Item {
    init(_ happening: Happening) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self.init(type: happening.type, json: try Array(encoder.encode(happening)))
    }
}
