import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TLS

@testable import Gateway

/// Runs a listener on a free loopback port while `body` runs.
func withServer<Result: Sendable>(
    _ responder: any HTTPResponder, limits: HTTPLimits = HTTPLimits(),
    at address: ListenAddress = ListenAddress(.tcp(host: "127.0.0.1", port: 0)), over wire: Wire = .plain,
    accept: @escaping @Sendable (SocketAddress) -> Bool = { _ in true },
    refusals: RefusalCounters = RefusalCounters(), troubles: TLSTroubles? = nil,
    _ body: @Sendable (SocketAddress) async throws -> Result
) async throws -> Result {
    var address = address
    if wire == .tls { address.tls = try TestCertificates.identity.get() }
    let listener = HTTPListener(
        addresses: [address], responder: responder, limits: limits, group: MultiThreadedEventLoopGroup.singleton,
        accept: accept, logger: .silent, refusals: refusals, troubles: troubles)
    let bound = try await listener.bind()
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await listener.run() }
        defer { group.cancelAll() }
        return try await body(bound[0])
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Answers by a closure, and tells outcomes.
struct StubResponder: HTTPResponder {
    let outcomes = Signal<HTTPOutcome>()
    let body: @Sendable (HTTPRequest) async -> HTTPResponse

    init(_ body: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) {
        self.body = body
    }

    /// Says `text` to everybody.
    init(_ text: String) {
        self.init { _ in .text(text) }
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        var response = await body(request)
        let outcomes = outcomes
        response.onEnd = { outcomes.send($0) }
        return response
    }
}

extension HTTPResponse {
    static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: .ok, headers: ["Content-Type": "text/plain"], body: .bytes(Array(text.utf8)))
    }
}

/// Values that a test waits for. One waiter.
struct Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func send(_ value: Value) { continuation.yield(value) }

    /// The next value; the test's time limit ends a wait in vain.
    func next() async throws -> Value {
        for await value in stream { return value }
        throw CancellationError()
    }
}

extension HTTPOutcome.End {
    var name: String {
        switch self {
        case .complete: "complete"
        case .clientGone: "clientGone"
        case .broken: "broken"
        }
    }
}
