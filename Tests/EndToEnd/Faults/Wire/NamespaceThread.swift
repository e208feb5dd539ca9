import Glibc

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

    private final class Job {
        let machine: String?
        let body: @Sendable () -> Void

        init(_ machine: String?, _ body: @escaping @Sendable () -> Void) {
            self.machine = machine
            self.body = body
        }
    }

    /// - Parameter machine: nil for where the test process is.
    static func start(on machine: String?, _ body: @escaping @Sendable () -> Void) throws {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setdetachstate(attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, stack)
        let job = Unmanaged.passRetained(Job(machine, body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, attributes,
            { argument in
                guard let argument else { return nil }
                let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
                if let machine = job.machine { NamespaceThread.enter(machine) }
                job.body()
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
            do {
                try start(on: machine) { continuation.resume(with: Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private static func enter(_ machine: String) {
        let descriptor = open("/run/netns/\(machine)", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // Where this fails the thread's connections fail, and the test tells of it.
        _ = setns?(descriptor, network)
    }
}
