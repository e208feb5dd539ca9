internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
public import SystemPackage

/// A connection to containerd's gRPC services (1.6, 1.7 and 2.x), with the calls that Shoal needs.
///
/// Calls end after ``limit`` at the latest, listings after a minute, events not at all; their errors are ``ContainerdError``s. A call of a connection that is lost
/// throws: whoever wants to go on connects again.
public final class ContainerdClient: Sendable {
    /// How long a call may take.
    public static let limit: Duration = .seconds(10)
    /// How long somebody who is asked for the first time may take to prove that it is containerd.
    static let helloLimit: Duration = .seconds(3)
    /// What is taken of one message, which is what containerd sends at most unless told otherwise, and of one listing.
    static let messageLimit = 16 << 20
    static let listingLimit = 1_000_000
    static let listingTime: Duration = .seconds(60)

    typealias Transport = HTTP2ClientTransport.Posix

    /// Where it is connected.
    public let socket: FilePath
    let grpc: GRPCClient<Transport>
    /// Told of entries that make no sense.
    let passedOver: @Sendable (String) -> Void
    /// What `body` begins to follow runs beside it.
    let follow: AsyncStream<@Sendable () async -> Void>.Continuation
    private let followings: AsyncStream<@Sendable () async -> Void>

    private init(socket: FilePath, grpc: GRPCClient<Transport>, passedOver: @escaping @Sendable (String) -> Void) {
        self.socket = socket
        self.grpc = grpc
        self.passedOver = passedOver
        (followings, follow) = AsyncStream.makeStream()
    }

    /// Connects to a socket, makes sure that it is containerd's, and runs `body` with the connection, which ends with it.
    /// - Parameter passedOver: told of each image and blob that is left out of an answer, and why; again with the next answer.
    /// - Throws: `.unreachable`, `.permission` or `.notContainerd`, saying what to do; what `body` throws.
    public static func withConnection<Result: Sendable>(
        to socket: FilePath,
        passedOver: @escaping @Sendable (String) -> Void = { _ in },
        _ body: @escaping @Sendable (ContainerdClient) async throws -> Result
    ) async throws -> Result {
        try ContainerdSocket.probe(socket)
        let transport = try Transport(
            target: .unixDomainSocket(path: socket.string, authority: "localhost"), transportSecurity: .plaintext,
            config: .defaults { config in
                config.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(PingAnswering(), position: .first)
                    }
                }
            })
        return try await withGRPCClient(transport: transport) { grpc in
            let client = ContainerdClient(socket: socket, grpc: grpc, passedOver: passedOver)
            try await client.greet()
            return try await client.run(body)
        }
    }

    /// Runs `body`, and beside it what it begins to follow; that ends with it.
    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (ContainerdClient) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { self.follow.finish() }
                return try await body(self)
            }
            for await following in followings {
                group.addTask {
                    await following()
                    return nil
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func greet() async throws {
        do throws(ContainerdError) {
            _ = try await version(limit: Self.helloLimit)
        } catch {
            guard error.code != .permission else { throw error }
            throw ContainerdError(
                .notContainerd,
                "what listens at \(socket) does not answer as containerd does (\(error.message)); "
                    + "set runtime.containerd.address to containerd's socket, or to \"\"")
        }
    }

    // MARK: Itself

    /// The version, as containerd tells it: `1.6.20`, `v2.1.4`.
    public func version() async throws(ContainerdError) -> String {
        try await version(limit: Self.limit)
    }

    private func version(limit: Duration) async throws(ContainerdError) -> String {
        let answer = try await call("its version") {
            try await WireVersion.Client(wrapping: self.grpc).version(WireEmpty(), options: Self.options(limit))
        }
        return answer.version
    }

    /// The folder of the content store: `/var/lib/containerd/io.containerd.content.v1.content`.
    /// - Returns: nil where this containerd does not tell; the path is as containerd's own mount namespace has it.
    public func contentRoot() async throws(ContainerdError) -> FilePath? {
        var request = WirePluginsRequest()
        request.filters = ["type==io.containerd.content.v1"]
        let answer = try await call("its plugins") { [request] in
            try await WireIntrospection.Client(wrapping: self.grpc).plugins(request, options: Self.options())
        }
        let root = answer.plugins.first { $0.type == "io.containerd.content.v1" && $0.exports["root"] != nil }
        return root?.exports["root"].map { FilePath($0) }.flatMap { $0.isAbsolute ? $0 : nil }
    }

    /// The namespaces that there are.
    public func namespaces() async throws(ContainerdError) -> [String] {
        let answer = try await call("its namespaces") {
            try await WireNamespaces.Client(wrapping: self.grpc)
                .list(WireListNamespacesRequest(), options: Self.options())
        }
        return answer.namespaces.map(\.name)
    }

    // MARK: Calls

    static func options(_ limit: Duration? = limit) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = limit
        // A call whose connection is lost fails at once: its answer would be of another containerd than the ones before.
        options.waitForReady = false
        // The transport holds answers to the limit of requests. Its own, 4 MiB, is less than containerd may send.
        options.maxRequestMessageBytes = messageLimit
        options.maxResponseMessageBytes = messageLimit
        return options
    }

    static func metadata(_ namespace: String) -> Metadata {
        ["containerd-namespace": "\(namespace)"]
    }

    /// Makes a call, and an error of it one that says what was asked.
    func call<Result>(_ what: String, _ body: () async throws -> Result) async throws(ContainerdError) -> Result {
        do {
            return try await body()
        } catch let error as ContainerdError {
            throw error
        } catch let error as RPCError {
            throw ContainerdError(error, asking: what, at: socket)
        } catch {
            throw ContainerdError(.unreachable, "containerd at \(socket) did not answer for \(what): \(error)")
        }
    }
}
