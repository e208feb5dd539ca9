import NIOCore
import NIOPosix
import Synchronization

/// A peer endpoint that lies, at the test process's own place on the LAN: it has an inventory that never ends, and says what it is told to of
/// tags.
final class LyingPeer: Sendable {
    static let port = 5999
    /// Blobs a page: sixty-four of them are more than a node keeps of one peer.
    private static let page = 1_700

    let node: [UInt8]
    /// What it says that tags mean: names in full, and digests.
    private let tags: [String: String]
    /// The counter of their version, if they have one.
    private let counter: UInt64?
    private let served = Atomic<Int>(0)

    private init(node: [UInt8], tags: [String: String], counter: UInt64?) {
        self.node = node
        self.tags = tags
        self.counter = counter
    }

    /// Pages of its inventory that were asked for.
    var pages: Int { served.load(ordering: .relaxed) }

    static func with(
        tags: [String: String] = [:], counter: UInt64? = nil, _ test: (LyingPeer) async throws -> Void
    ) async throws {
        let peer = LyingPeer(node: WireBeacon.randomNode(), tags: tags, counter: counter)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Endpoint(peer))
                }
            }
            .bind(host: "10.77.0.1", port: port).get()
        do {
            try await test(peer)
        } catch {
            try? await listener.close()
            throw error
        }
        try await listener.close()
    }

    /// Says Hello to a node until it has read the inventory.
    /// - Parameter blobs: what the Hello tells of.
    func isRead(by reader: Node, saying blobs: [[UInt8]] = []) async throws {
        let sender = try RawSender()
        let hello = WireBeacon.hello(node: node, port: UInt64(Self.port), version: 1, added: blobs)
        try await eventually(
            "\(reader.name) reads the liar's inventory", within: .seconds(30), every: .milliseconds(100)
        ) {
            sender.send(hello, to: reader.machine.address)
            return try await reader.status().peers.contains { $0.name == "stranger" && $0.blobs > 0 }
        }
    }

    private var id: String { node.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// The answer to a request line.
    fileprivate func answer(_ request: String) -> String {
        guard request.contains("/v1/inventory") else {
            return #"{"schema":1,"id":"\#(id)","name":"stranger","epoch":1,"version":1,"port":\#(Self.port)}"#
        }
        let number = served.wrappingAdd(1, ordering: .relaxed).newValue
        let blobs = (0..<Self.page).map { index in
            let digits = String(UInt64(number * Self.page + index), radix: 16)
            return #"{"digest":"sha256:\#(String(repeating: "0", count: 64 - digits.count) + digits)","size":1}"#
        }
        return #"{"epoch":1,"version":1,"full":true,"added":[\#(blobs.joined(separator: ","))],"#
            + #""removed":[],"references":[\#(references)],"removedReferences":[],"next":"bMQ\#(number)"}"#
    }

    private var references: String {
        let version = counter.map { #","version":{"counter":\#($0),"node":"\#(id)"}"# } ?? ""
        return tags.map { name, digest in
            #"{"reference":"\#(name)","digest":"\#(digest)","#
                + #""mediaType":"application/vnd.oci.image.manifest.v1+json","ageSeconds":0\#(version)}"#
        }.joined(separator: ",")
    }

    private final class Endpoint: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let peer: LyingPeer
        private var head = ""

        init(_ peer: LyingPeer) {
            self.peer = peer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            head += String(buffer: unwrapInboundIn(data))
            guard head.contains("\r\n\r\n") else { return }
            let body = peer.answer(head)
            head = ""
            let text =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
