import NIOCore
import NIOPosix
import Synchronization

/// Hears what the nodes say to everybody, at the test process's own place on the LAN (10.77.0.1).
final class BeaconTap: Sendable {
    private let datagrams = Mutex<[[UInt8]]>([])

    /// Listens for as long as the test uses it.
    static func with(_ test: (BeaconTap) async throws -> Void) async throws {
        let tap = BeaconTap()
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener(tap))
                }
            }
            .bind(host: "0.0.0.0", port: 5051).get()
        do {
            try await test(tap)
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }

    /// Datagrams heard so far.
    var count: Int { datagrams.withLock { $0.count } }

    /// Whether any datagram tells of a digest.
    func hasHeard(of digest: String) -> Bool {
        let needle = [UInt8](digest: digest)
        return datagrams.withLock { $0.contains { $0.contains(needle) } }
    }

    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        private let tap: BeaconTap

        init(_ tap: BeaconTap) {
            self.tap = tap
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).data.readableBytesView)
            tap.datagrams.withLock { $0.append(bytes) }
        }
    }
}
