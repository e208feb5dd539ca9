import NIOCore
import NIOPosix

/// A DNS server for one test, at the test process's own place on the LAN (10.77.0.1): a few records, and nothing else exists.
enum DNSServer {
    enum Record: Sendable {
        /// Dotted-quad.
        case a(String)
        case srv(port: UInt16, target: String)

        fileprivate var type: UInt16 {
            switch self {
            case .a: 1
            case .srv: 33
            }
        }

        fileprivate var data: [UInt8] {
            switch self {
            case .a(let address): address.split(separator: ".").compactMap { UInt8($0) }
            case .srv(let port, let target):
                [0, 0, 0, 0, UInt8(port >> 8), UInt8(port & 0xff)] + DNSServer.encoded(target)
            }
        }
    }

    /// Answers for as long as the test uses it.
    static func with(_ records: [String: Record], _ test: () async throws -> Void) async throws {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Responder(records: records))
                }
            }
            .bind(host: "10.77.0.1", port: 53).get()
        do {
            try await test()
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }

    fileprivate static func encoded(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// A launcher that puts an `/etc/resolv.conf` before the agent which names this server.
    static func launcher(resolverFile: String) -> [String] {
        ["unshare", "--mount", "sh", "-c", "mount --bind \(resolverFile) /etc/resolv.conf && exec \"$@\"", "resolver"]
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>

        private let records: [[UInt8]: Record]

        init(records: [String: Record]) {
            self.records = Dictionary(uniqueKeysWithValues: records.map { (DNSServer.encoded($0.key), $0.value) })
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            let question = Array(envelope.data.readableBytesView)
            guard let answer = answer(question) else { return }
            context.writeAndFlush(
                wrapOutboundOut(.init(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))),
                promise: nil)
        }

        /// RFC 1035 §4: header, the question again, and the record where the name has one of that type.
        private func answer(_ question: [UInt8]) -> [UInt8]? {
            guard question.count > 12, let end = question[12...].firstIndex(of: 0), question.count >= end + 5 else {
                return nil
            }
            let name = Array(question[12...end])
            let type = UInt16(question[end + 1]) << 8 | UInt16(question[end + 2])
            let record = records[name]
            let found = record.flatMap { $0.type == type ? $0 : nil }
            let code: UInt8 = record == nil ? 3 : 0
            var bytes = question[..<2] + [0x84, 0x80 | code, 0, 1, 0, found == nil ? 0 : 1, 0, 0, 0, 0]
            bytes += question[12..<end + 5]
            if let found {
                let data = found.data
                bytes += [
                    0xc0, 12, 0, UInt8(found.type), 0, 1, 0, 0, 0, 5, UInt8(data.count >> 8), UInt8(data.count & 0xff),
                ]
                bytes += data
            }
            return Array(bytes)
        }
    }
}
