import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// The event loop's side of a connection: turns parsed parts into requests, parts of answers into writes, keeps time and
/// closes. What to do is decided by ``ConnectionState`` and ``RequestAssembler``.
final class ConnectionHandler: ChannelDuplexHandler {
    /// Requests are small, and so are the buffers that a stranger can fill.
    static let receiveSize = 8 << 10
    /// Bodies of pushes are not.
    private static let bodyReceiveSize = 256 << 10

    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = ConnectionEvent
    typealias OutboundIn = ResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var state: ConnectionState
    private var assembler: RequestAssembler
    private let link: ConnectionLink
    private let isUnixSocket: Bool
    private var context: ChannelHandlerContext?
    private var isReadHeld = false
    /// The body of the request that is being answered, for as long as it arrives.
    private var body: RequestBody?
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    /// Bytes of bodies that were given to the channel.
    private var handedOver = 0
    private var isInvited = false
    /// The files that wait for the kernel, oldest first.
    private var regions = CircularBuffer<(lease: FileLease, end: Int)>(initialCapacity: ConnectionLink.writesAhead)

    init(assembler: RequestAssembler, limits: HTTPLimits, link: ConnectionLink, isUnixSocket: Bool) {
        self.assembler = assembler
        self.link = link
        self.isUnixSocket = isUnixSocket
        state = ConnectionState(limits: limits, now: .now())
    }

    var isLingering: Bool { state.phase != .open }

    /// Bytes have come in, and the parser has not seen them yet.
    func arrived(_ bytes: ByteBuffer) -> ConnectionState.Arrival {
        let endsLine = state.isInRequestLine && bytes.readableBytesView.contains(UInt8(ascii: "\n"))
        let arrival = state.bytesArrived(bytes.readableBytes, endsLine: endsLine, now: .now())
        if let context { setTimer(context) }
        return arrival
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        setTimer(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        breakBody("the client closed the connection")
        link.close()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.task.cancel()
        timer = nil
        breakBody("the connection was closed")
        link.close()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            breakBody("the client stopped sending")
            // A unix socket whose other end is gone says so (EPOLLHUP); TCP cannot be told from a half-close.
            if state.inputClosed(mayWait: isUnixSocket, now: .now()) { context.close(promise: nil) }
            setTimer(context)
        case is ChannelShouldQuiesceEvent:
            link.drains()
            if state.drain() { finish(context) }
        case let event as CertifiedClient:
            assembler.certifiedNode = event.node
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState where body != nil:
            breakBody("the client stopped sending")
        case let error as HTTPParserError:
            refuse(HTTPRefusal(error, isInRequestLine: state.isInRequestLine), context)
        case is ByteToMessageDecoderError:
            // The parser goes on complaining about what follows a request that has been refused already.
            break
        default:
            context.close(promise: nil)
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch assembler.receive(Self.unwrapInboundIn(data)) {
        case .wait:
            break
        case .invite:
            // With an answer under way it would be taken for that answer's; the client sends its body in the end anyway.
            guard state.unanswered == 0 else { break }
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
        case .open(var request, let awaitsInvitation):
            request.stream = open(awaitsInvitation: awaitsInvitation, context)
            state.requestArrived(isKeepAlive: request.isKeepAlive, now: .now())
            state.bodyOpened()
            setTimer(context)
            context.fireChannelRead(Self.wrapInboundOut(.request(request)))
        case .chunk(let bytes):
            body?.append(bytes)
        case .close:
            body?.end()
            closeBody(context)
        case .deliver(let request):
            state.requestArrived(isKeepAlive: request.isKeepAlive, now: .now())
            setTimer(context)
            context.fireChannelRead(Self.wrapInboundOut(.request(request)))
        case .refuse(let refusal):
            refuse(refusal, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readBody(context)
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        guard state.holdsReads else { return context.read() }
        isReadHeld = true
        // A read of the socket that completed no record of TLS was told to nobody here: what is left of a body is asked for by this
        // alone then.
        readBody(context)
    }

    private func refuse(_ refusal: HTTPRefusal, _ context: ChannelHandlerContext) {
        guard state.phase == .open else { return }
        if let body, !body.isOver {
            // The answer that is under way says so; it is the connection's last.
            body.fail(refusal)
            return
        }
        state.requestRefused(now: .now())
        setTimer(context)
        context.fireChannelRead(Self.wrapInboundOut(.refusal(refusal)))
        context.fireChannelReadComplete()
    }

    // MARK: Bodies that are read while they arrive

    private func open(awaitsInvitation: Bool, _ context: ChannelHandlerContext) -> RequestBody {
        let loop = context.eventLoop
        let handler = NIOLoopBound(self, eventLoop: loop)
        let body = RequestBody(awaitsInvitation: awaitsInvitation) {
            loop.execute { handler.value.bodyWanted(isInvitation: awaitsInvitation) }
        }
        self.body = body
        setReceiveSize(Self.bodyReceiveSize, context)
        return body
    }

    private func bodyWanted(isInvitation: Bool) {
        guard let context, body != nil else { return }
        if isInvitation, !isInvited, state.unanswered == 1 {
            isInvited = true
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
        }
        readBody(context)
    }

    private func readBody(_ context: ChannelHandlerContext) {
        guard let body, state.isBodyOpen, body.isInvited, body.hasRoom else { return }
        state.bodyWanted(now: .now())
        setTimer(context)
        context.read()
    }

    private func closeBody(_ context: ChannelHandlerContext) {
        guard let body else { return }
        // Of a request that was sent behind the one just answered: nothing more of it is read.
        body.fail(HTTPRefusal(.bodyBrokenOff, "the body came with a request before it, whose answer was the last"))
        self.body = nil
        isInvited = false
        state.bodyClosed()
        setReceiveSize(Self.receiveSize, context)
    }

    private func breakBody(_ reason: String) {
        body?.fail(HTTPRefusal(.bodyBrokenOff, "the request's body is not whole: \(reason)"))
    }

    private func setReceiveSize(_ size: Int, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(
            .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: size))
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(let head):
            context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        case .bytes(let bytes):
            let count = bytes.readableBytes
            handedOver += count
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess { self.link.writeEnded(bytes: count) }
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: written)
            promise?.succeed()
        case .file(let region, let lease):
            let count = region.readableBytes
            handedOver += count
            regions.append((lease, region.endIndex))
            let written = context.eventLoop.makePromise(of: Void.self)
            // The file is closed when the last of these has let go of its lease.
            written.futureResult.assumeIsolated().whenComplete { result in
                self.regions.removeFirst()
                if case .success = result { self.link.writeEnded(bytes: count) }
            }
            context.write(Self.wrapOutboundOut(.body(.fileRegion(region))), promise: written)
            promise?.succeed()
        case .end(let isKeepAlive):
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess { self.answered(isKeepAlive: isKeepAlive, context) }
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
            promise?.succeed()
        case .abort:
            finish(context)
            promise?.succeed()
        }
    }

    private func answered(isKeepAlive: Bool, _ context: ChannelHandlerContext) {
        let next = state.answerEnded(isKeepAlive: isKeepAlive, now: .now())
        closeBody(context)
        link.answerEnded()
        switch next {
        case .answerNext: break
        case .close: finish(context)
        case .read:
            setTimer(context)
            guard isReadHeld else { break }
            isReadHeld = false
            context.read()
        }
    }

    /// Says FIN once everything has gone out, and waits for the client's.
    private func finish(_ context: ChannelHandlerContext) {
        guard state.phase == .open else { return }
        state.closing(now: .now())
        setTimer(context)
        let closed = context.eventLoop.makePromise(of: Void.self)
        closed.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                self.state.outputClosed(now: .now())
                self.setTimer(context)
            case .failure:
                context.close(promise: nil)
            }
        }
        context.flush()
        context.close(mode: .output, promise: closed)
        context.read()
    }

    // MARK: Time

    private func setTimer(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let deadline = state.nextCheck
        // A timer that fires early looks, finds nothing, and sets the next one: cheaper than a new one per request.
        if let timer, timer.deadline <= deadline { return }
        timer?.task.cancel()
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired(context) }
        timer = (deadline, task)
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        let pending = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        switch state.check(taken: handedOver - pending, pending: pending, now: .now()) {
        case .fine: break
        case .refuse: refuse(HTTPRefusal(.tooSlow, "the request took too long to arrive"), context)
        case .breakBody:
            body?.fail(HTTPRefusal(.tooSlow, "the request's body stopped coming"))
            state.bodyBroken()
        case .finish: finish(context)
        case .drop: return context.close(promise: nil)
        case .inspect where sendsWhatIsGone: return context.close(promise: nil)
        case .inspect: break
        }
        setTimer(context)
    }

    /// Whether the file being sent has become shorter: `sendfile` would return 0 for ever, and the event loop spin.
    private var sendsWhatIsGone: Bool {
        guard let (lease, end) = regions.first else { return false }
        return lease.size.map { $0 < end } ?? false
    }
}
