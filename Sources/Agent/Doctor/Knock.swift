import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A short question to a TCP port: whether somebody is there, and what they answer.
enum Knock {
    /// What became of it.
    enum Answer: Sendable, Equatable {
        /// The status of an HTTP answer.
        case status(Int)
        /// The connection was taken, and nothing sensible was said on it.
        case silent
        case refused
        case unreachable(String)
        case timedOut

        /// Whether somebody who speaks HTTP is there.
        var isAnswer: Bool {
            if case .status = self { true } else { false }
        }
    }

    /// How long somebody on a LAN may take.
    static let patience: Duration = .seconds(2)

    /// Asks over HTTP.
    /// - Parameter overTLS: whatever the certificate: whether clients trust it is not asked.
    static func ask(
        _ path: String, at endpoint: ListenEndpoint, host: String? = nil, overTLS: Bool = false
    ) async -> Answer {
        await bounded {
            let channel = try await connect(endpoint.address, endpoint.port, overTLS: overTLS)
            return try await channel.executeThenClose { inbound, outbound in
                var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path)
                head.headers.add(name: "Host", value: host ?? endpoint.description)
                head.headers.add(name: "Connection", value: "close")
                try await outbound.write(contentsOf: [.head(head), .end(nil)])
                for try await part in inbound {
                    if case .head(let head) = part { return .status(Int(head.status.code)) }
                }
                return .silent
            }
        }
    }

    /// Only connects.
    static func connects(to host: String, _ port: Int) async -> Answer {
        await bounded {
            try await connect(host, port).executeThenClose { _, _ in .silent }
        }
    }

    private static func connect(
        _ host: String, _ port: Int, overTLS: Bool = false
    ) async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let tls = overTLS ? try NIOSSLContext(configuration: configuration) : nil
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(patience))
            .connect(to: try SocketAddress.makeAddressResolvingHost(host, port: port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
    }

    private static func bounded(_ question: @escaping @Sendable () async throws -> Answer) async -> Answer {
        await withTaskGroup(of: Answer?.self) { group in
            group.addTask {
                do {
                    return try await question()
                } catch let error as IOError where error.errnoCode == ECONNREFUSED {
                    return .refused
                } catch let error as IOError where error.errnoCode == ETIMEDOUT {
                    return .timedOut
                } catch let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode) {
                    return .silent
                } catch ChannelError.connectTimeout {
                    return .timedOut
                } catch ChannelError.ioOnClosedChannel {
                    return .silent
                } catch is CancellationError {
                    return nil
                } catch {
                    return .unreachable("\(error)")
                }
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap(\.self) ?? .timedOut
        }
    }
}

extension Knock.Answer: CustomStringConvertible {
    var description: String {
        switch self {
        case .status(let status): "answers \(status)"
        case .silent: "takes the connection and says nothing"
        case .refused: "refuses connections"
        case .unreachable(let reason): "cannot be reached (\(reason))"
        case .timedOut: "does not answer within \(Knock.patience.components.seconds) s"
        }
    }
}
