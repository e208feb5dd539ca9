import Glibc
import Synchronization

/// A thread of its own that stands in the network namespace of a machine: its sockets are that machine's. What runs there may block.
enum NamespaceThread {
    private typealias Enter = @convention(c) (CInt, CInt) -> CInt

    /// Glibc's module leaves out what Linux alone has.
    private static let setns: Enter? = {
        dlsym(dlopen(nil, RTLD_NOW), "setns").map { unsafeBitCast($0, to: Enter.self) }
    }()
    /// CLONE_NEWNET
    private static let network: CInt = 0x4000_0000
    private static let stack = 512 << 10

    /// Where the test process is: the main thread never goes anywhere.
    private static let home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)

    private final class Job {
        let machine: String?
        let body: @Sendable () -> Void
        let end: @Sendable () -> Void

        init(_ machine: String?, _ body: @escaping @Sendable () -> Void, _ end: @escaping @Sendable () -> Void) {
            self.machine = machine
            self.body = body
            self.end = end
        }
    }

    /// - Parameters:
    ///   - machine: nil for where the test process is.
    ///   - end: what follows, at home again. A thread that is made by one on another machine stays there for good, and whatever wakes a
    ///     task may make one.
    static func start(
        on machine: String?, _ body: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void = {}
    ) throws {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setdetachstate(attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, stack)
        let job = Unmanaged.passRetained(Job(machine, body, end))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, attributes,
            { argument in
                guard let argument else { return nil }
                let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
                NamespaceThread.enter(job.machine)
                job.body()
                NamespaceThread.enter(nil)
                job.end()
                return nil
            }, job.toOpaque())
        guard failure == 0 else {
            job.release()
            throw HarnessError("cannot start a thread: \(String(cString: strerror(failure)))")
        }
    }

    /// Runs something that blocks, on a machine, and hands back its result.
    static func run<Value: Sendable>(
        on machine: String?, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let box = Box<Value>()
            do {
                try start(on: machine) {
                    box.put(Result { try body() })
                } end: {
                    continuation.resume(with: box.take())
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private final class Box<Value: Sendable>: Sendable {
        private let result = Mutex<Result<Value, any Error>>(.failure(HarnessError("the thread has no result")))

        func put(_ value: Result<Value, any Error>) { result.withLock { $0 = value } }

        func take() -> Result<Value, any Error> { result.withLock { $0 } }
    }

    private static func enter(_ machine: String?) {
        guard let machine else {
            _ = setns?(home, network)
            return
        }
        let descriptor = open("/run/netns/\(machine)", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // Where this fails the thread's connections fail, and the test tells of it.
        _ = setns?(descriptor, network)
    }
}
