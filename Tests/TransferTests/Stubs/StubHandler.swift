import NIOCore
import NIOHTTP1

/// The system's `struct linger`.
private struct Linger {
    var isOn: CInt
    var seconds: CInt
}

/// Carries out a stub's answers on one connection. Everything happens on the channel's event loop.
final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let chunk = 64 << 10

    private struct Transfer {
        var path: String
        var body: ArraySlice<UInt8>
        var ending: StubResponse.Ending
        var closes: Bool
    }

    private let registry: StubRegistry
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var transfer: Transfer?

    init(_ registry: StubRegistry) { self.registry = registry }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer):
            body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            let request = StubRequest(method: head.method, target: head.uri, headers: head.headers, body: body)
            start(registry.answer(request), to: request, context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump(context)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func start(_ response: StubResponse, to request: StubRequest, _ context: ChannelHandlerContext) {
        switch response.ending {
        case .mute: return
        case .hangUp: return context.close(promise: nil)
        default: break
        }
        var head = HTTPResponseHead(
            version: response.framing == .untilClose ? .http1_0 : .http1_1,
            status: HTTPResponseStatus(statusCode: response.status), headers: response.headers)
        var closes = false
        switch response.framing {
        case .chunked: break
        case .untilClose:
            head.headers.add(name: "Connection", value: "close")
            closes = true
        case .length(let count):
            head.headers.replaceOrAdd(name: "Content-Length", value: "\(count ?? response.body.count)")
            closes = count.map { $0 != response.body.count } ?? false
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let body = request.method == .HEAD ? [] : response.body.prefix(response.sendable)
        transfer = Transfer(
            path: request.path, body: body, ending: request.method == .HEAD ? .complete : response.ending,
            closes: closes && request.method != .HEAD)
        pump(context)
    }

    /// Writes as much as the connection takes.
    private func pump(_ context: ChannelHandlerContext) {
        while transfer != nil, context.channel.isWritable {
            guard let transfer, !transfer.body.isEmpty else { return finish(context) }
            let chunk = transfer.body.prefix(Self.chunk)
            self.transfer?.body = transfer.body.dropFirst(Self.chunk)
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.whenSuccess { [registry, path = transfer.path, count = chunk.count] in
                registry.sent(count, for: path)
            }
            context.writeAndFlush(
                wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: chunk)))), promise: promise)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let transfer else { return }
        self.transfer = nil
        switch transfer.ending {
        case .stall, .mute:
            context.flush()
        case .cut, .hangUp:
            close(context)
        case .reset:
            let loopBound = context.loopBound
            let channel = context.channel
            // What is on its way first; then a close that does not wait becomes an RST.
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
                _ = (channel as? any SocketOptionProvider)?.unsafeSetSocketOption(
                    level: .socket, name: .so_linger, value: Linger(isOn: 1, seconds: 0))
                loopBound.value.close(promise: nil)
            }
        case .complete:
            if transfer.closes {
                close(context)
            } else {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    /// FIN, behind all that was written.
    private func close(_ context: ChannelHandlerContext) {
        let loopBound = context.loopBound
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
            loopBound.value.close(promise: nil)
        }
    }
}
