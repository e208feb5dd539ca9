import NIOCore
import NIOPosix
import NIOSSL

/// A client that sends what it is told, well-formed or not, and tells a FIN from a RST.
final class RawClient {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let channel: any Channel
    private var received = ByteBuffer()

    init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ channel: any Channel
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
        self.channel = channel
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Sends a GET for a path, and nothing else.
    func get(_ path: String, _ headers: String...) async throws -> RawResponse {
        try await send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers.map { $0 + "\r\n" }.joined())\r\n")
        return try await response()
    }

    /// Closes the sending side: FIN.
    func closeSending() async throws {
        try await channel.close(mode: .output)
    }

    /// Bytes that come next; nil after a FIN. Throws on a RST.
    func more() async throws -> ByteBuffer? {
        if received.readableBytes > 0 {
            defer { received = ByteBuffer() }
            return received
        }
        return try await inbound.next()
    }

    /// Everything up to the FIN.
    func rest() async throws -> [UInt8] {
        while let chunk = try await inbound.next() { received.writeImmutableBuffer(chunk) }
        return received.readBytes(length: received.readableBytes) ?? []
    }

    /// The head of a response, without its body.
    func head() async throws -> RawResponse {
        while true {
            if let end = received.readableBytesView.endOfHead {
                let length = end - received.readerIndex
                return RawResponse(head: received.readString(length: length) ?? "")
            }
            try await receive()
        }
    }

    /// A whole response; its body by `Content-Length`, by chunks, or up to the FIN.
    func response(toHead: Bool = false) async throws -> RawResponse {
        var response = try await head()
        guard !toHead, response.status != 304, response.status / 100 != 1 else { return response }
        if let length = response["Content-Length"].flatMap(Int.init) {
            response.body = try await bytes(length)
        } else if response["Transfer-Encoding"] == "chunked" {
            while case let size = try await chunkSize(), size > 0 {
                response.body += try await bytes(size)
                _ = try await bytes(2)
            }
            _ = try await bytes(2)
        } else {
            response.body = try await rest()
        }
        return response
    }

    func bytes(_ count: Int) async throws -> [UInt8] {
        while received.readableBytes < count { try await receive() }
        return received.readBytes(length: count) ?? []
    }

    private func chunkSize() async throws -> Int {
        while true {
            if let newline = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = received.readBytes(length: newline + 1 - received.readerIndex) ?? []
                return Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) ?? 0
            }
            try await receive()
        }
    }

    private func receive() async throws {
        guard let chunk = try await inbound.next() else { throw ClosedEarly(received: received.readableBytes) }
        received.writeImmutableBuffer(chunk)
    }
}

/// The server said FIN before the test was content; so many bytes lie there unread.
struct ClosedEarly: Error {
    var received: Int
}

struct RawResponse {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    init(head: String) {
        let lines = head.split(separator: "\r\n")
        status = lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers.append((String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""))
        }
    }

    subscript(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension ByteBufferView {
    /// Behind the empty line.
    fileprivate var endOfHead: Int? {
        let end = Array("\r\n\r\n".utf8)
        guard count >= end.count else { return nil }
        return (startIndex...(endIndex - end.count)).first { self[$0..<$0 + end.count].elementsEqual(end) }
            .map { $0 + end.count }
    }
}

/// Connects, and closes at the end of `body`.
/// - Parameter part: how many bytes the wire takes at a time, with a pause after them; nil: as many as there are.
func withClient<Result: Sendable>(
    _ address: SocketAddress, over wire: Wire = .plain, inPartsOf part: Int? = nil,
    _ body: @Sendable (RawClient) async throws -> Result
) async throws -> Result {
    let tls = wire == .tls ? try TestCertificates.client() : nil
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(.allowRemoteHalfClosure, value: true)
        .connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let part { try channel.pipeline.syncOperations.addHandler(PartsHandler(part)) }
                if let tls {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                }
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await body(RawClient(inbound, outbound, channel.channel))
    }
}
