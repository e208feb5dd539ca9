import Glibc
import NIOCore
import NIOPosix

/// A bound socket that accepts connections.
struct ListeningSocket: Sendable {
    private let channel: any Channel
    private let file: UnixSocketFile?

    /// Binds an address, or takes over the socket that listens there.
    init(_ address: ListenAddress, bootstrap: ServerBootstrap) async throws(ListenError) {
        switch address.endpoint {
        case .tcp where address.descriptor != nil:
            file = nil
            channel = try await Self.takeOver(address, bootstrap)
        case .tcp(let host, let port):
            file = nil
            channel = try await Self.bind(address, bootstrap) {
                // A resolver on a host without IPv4 makes ::ffff:127.0.0.1 of 127.0.0.1.
                try (try? SocketAddress(ipAddress: host, port: port))
                    ?? SocketAddress.makeAddressResolvingHost(host, port: port)
            }
        case .unix(let path, let mode):
            let file = UnixSocketFile(path: path, mode: mode)
            try file.prepare()
            let channel = try await Self.bind(address, bootstrap) {
                try SocketAddress(unixDomainSocketPath: file.temporaryPath)
            }
            do {
                try file.publish()
            } catch {
                try? await channel.close()
                throw error
            }
            self.file = file
            self.channel = channel
        }
    }

    /// As bound; of a unix socket its path.
    var address: SocketAddress? {
        guard let file else { return channel.localAddress }
        return try? SocketAddress(unixDomainSocketPath: file.path)
    }

    func stopAccepting() {
        channel.close(promise: nil)
        file?.remove()
    }

    func close() async {
        try? await channel.close()
        file?.remove()
    }

    private static func takeOver(
        _ address: ListenAddress, _ bootstrap: ServerBootstrap
    ) async throws(ListenError) -> any Channel {
        do {
            return try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .withBoundSocket(address.descriptor!).get()
        } catch {
            throw ListenError(
                .notAvailable, address: address,
                message: "cannot use the socket that the service manager opened on \(address): \(error)", cause: error)
        }
    }

    private static func bind(
        _ address: ListenAddress, _ bootstrap: ServerBootstrap, _ resolve: () throws -> SocketAddress
    ) async throws(ListenError) -> any Channel {
        do {
            let resolved = try resolve()
            var bootstrap = bootstrap
            if resolved.protocol == .inet6 {
                // Beside a listener on 0.0.0.0; and an IPv4 client is the same client in every configuration.
                bootstrap = bootstrap.serverChannelOption(
                    ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
            }
            if resolved.protocol != .unix {
                bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            }
            return try await bootstrap.bind(to: resolved).get()
        } catch {
            let isInUse = (error as? IOError)?.errnoCode == EADDRINUSE
            throw ListenError(
                isInUse ? .inUse : .notAvailable, address: address,
                message: isInUse
                    ? "cannot listen on \(address): another process does; is an agent running already?"
                    : "cannot listen on \(address): \(error)",
                cause: error)
        }
    }
}
