import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import OCI
public import SystemPackage

/// Asks the agent of this machine over its Unix socket.
public struct AdminClient: Sendable {
    /// A value, and the JSON that it came as: `--json` passes on what a newer agent says and this program does not know.
    public struct Answer<Value: Sendable>: Sendable {
        public var value: Value
        public var json: [UInt8]
    }

    static let bodyLimit = 64 << 20

    private let sockets: [FilePath]
    private let timeout: Duration

    /// - Parameters:
    ///   - sockets: where the agent may be, tried in order.
    ///   - timeout: for a whole question.
    public init(sockets: [FilePath], timeout: Duration = .seconds(10)) {
        self.sockets = sockets
        self.timeout = timeout
    }

    /// What the agent is and does.
    public func status() async throws(AdminClientError) -> Answer<StatusSnapshot> {
        try await ask(AdminRoute.status.rawValue)
    }

    /// The nodes it knows.
    public func peers() async throws(AdminClientError) -> Answer<PeersSnapshot> {
        try await ask(AdminRoute.peers.rawValue)
    }

    /// Who holds an image or a blob.
    public func locate(_ query: LocateQuery) async throws(AdminClientError) -> Answer<LocateSnapshot> {
        try await ask("\(AdminRoute.locate.rawValue)?q=\(PercentCoding.encode(query.description))")
    }

    func ask<Value: Decodable & Sendable>(
        _ target: String, method: HTTPMethod = .GET
    ) async throws(AdminClientError) -> Answer<Value> {
        let (status, body) = try await get(target, method)
        guard status == 200 else {
            throw Self.refusal(status, body)
        }
        do {
            return Answer(value: try JSONDecoder().decode(Value.self, from: Data(body)), json: body)
        } catch {
            throw AdminClientError(
                .broken, "the agent's answer is not understood; are the agent and this command of one version?",
                cause: error)
        }
    }

    private struct Problem: Decodable {
        var detail: String
    }

    static func refusal(_ status: Int, _ body: [UInt8]) -> AdminClientError {
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(body))
        return AdminClientError(
            .refused, "the agent answered \(status): \((problem?.detail ?? "no reason given").escapingControls)")
    }

    private func get(
        _ target: String, _ method: HTTPMethod
    ) async throws(AdminClientError) -> (status: Int, body: [UInt8]) {
        try await reach { socket in
            try await withDeadline { try await Self.exchange(target, method, over: socket) }
        }
    }

    /// The first socket that takes the connection answers.
    func reach<Value>(_ exchange: (FilePath) async throws -> Value) async throws(AdminClientError) -> Value {
        var refusals: [(socket: FilePath, errno: CInt)] = []
        for socket in sockets {
            do {
                return try await exchange(socket)
            } catch let error as IOError where Self.meansNoAgent(error.errnoCode) {
                refusals.append((socket, error.errnoCode))
            } catch let error as AdminClientError {
                throw error
            } catch {
                throw AdminClientError(
                    .broken, "the agent at \(socket) broke off (\(error)); its log may say why", cause: error)
            }
        }
        throw AdminClientError(unreachable: refusals)
    }

    private static func meansNoAgent(_ code: CInt) -> Bool {
        [ENOENT, ECONNREFUSED, ENOTDIR, ENOTSOCK, EACCES, EPERM].contains(code)
    }

    private func withDeadline<Value: Sendable>(
        _ question: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask(operation: question)
            group.addTask { [timeout] in
                try await Task.sleep(for: timeout)
                throw AdminClientError(.timedOut, "the agent did not answer within \(timeout); its log may say why")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private static func exchange(
        _ target: String, _ method: HTTPMethod, over socket: FilePath
    ) async throws -> (status: Int, body: [UInt8]) {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(2))
            .connect(unixDomainSocketPath: socket.string) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let headers: HTTPHeaders = ["Host": "localhost", "Connection": "close", "Accept": "application/json"]
            // In one write: the agent may answer a head and close before a second one is made.
            try await outbound.write(
                contentsOf: [
                    .head(HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers)), .end(nil),
                ])
            var status: Int?
            var body: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let head): status = Int(head.status.code)
                case .body(let bytes):
                    guard body.count + bytes.readableBytes <= bodyLimit else {
                        throw AdminClientError(.broken, "the agent's answer is larger than \(bodyLimit) bytes")
                    }
                    body += bytes.readableBytesView
                case .end:
                    if let status { return (status, body) }
                }
            }
            throw AdminClientError(.broken, "the agent at \(socket) closed the connection without an answer")
        }
    }
}
