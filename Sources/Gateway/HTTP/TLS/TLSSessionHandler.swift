import Logging
import NIOCore
import NIOSSL
import NIOTLS
import TLS

/// The side of TLS that faces HTTP: bounds the handshake's time, tells which node the client's certificate names, and makes closing
/// over TLS what closing is without.
///
/// Closing the output says close_notify and FIN. Closing altogether is at once, as on a plain connection, and does not wait for the
/// client's close_notify.
final class TLSSessionHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let wire: TLSWireHandler
    private let limit: TimeAmount
    private let troubles: TLSTroubles?
    private let logger: Logger
    private var timer: Scheduled<Void>?
    private var isOpen = false
    private var isRefused = false
    private var isInputClosed = false

    init(_ wire: TLSWireHandler, limits: HTTPLimits, troubles: TLSTroubles? = nil, logger: Logger) {
        self.wire = wire
        self.troubles = troubles
        self.logger = logger
        limit = TimeAmount(limits.headerTime)
    }

    func channelActive(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            self.logger.debug("a TLS handshake took too long", metadata: Self.from(context))
            self.wire.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimer()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopTimer()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What follows a handshake is there before the connection is closed.
        if !isRefused { context.fireChannelRead(data) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as TLSUserEvent:
            guard case .handshakeCompleted = event else { break }
            isOpen = true
            stopTimer()
            guard identify(context) else { return }
        case ChannelEvent.inputClosed:
            isInputClosed = true
        case is ChannelShouldQuiesceEvent where !isOpen:
            // Nothing has been asked yet.
            return wire.close(promise: nil)
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isOpen {
            logger.debug(
                "a TLS handshake failed", metadata: Self.from(context).merging(["reason": "\(error)"]) { $1 })
            if let trouble = TLSTrouble(error) {
                troubles?.note(trouble, at: context.channel.remoteAddress?.ipAddress)
                // The alert that says why is on its way.
                wire.linger()
            }
        }
        // A client that goes without close_notify is an error, too, and is closed as any is that has gone.
        context.fireErrorCaught(error)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all where !isInputClosed:
            wire.close(promise: promise)
        case .output where isInputClosed:
            closeOnceSent(context, promise)
        default:
            // Where the client has said close_notify, ours can follow without a wait.
            context.close(mode: mode, promise: promise)
        }
    }

    /// Tells which node the client's certificate names, if it has shown one.
    /// - Returns: whether the connection can be used.
    private func identify(_ context: ChannelHandlerContext) -> Bool {
        guard let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate() else { return true }
        switch CertifiedNode(certificate) {
        case .anyNode:
            return true
        case .node(let node):
            context.fireUserInboundEventTriggered(CertifiedClient(node: node))
            return true
        case .unclear(let reason):
            troubles?.note(.unclearNode(reason), at: context.channel.remoteAddress?.ipAddress)
            isRefused = true
            wire.close(promise: nil)
            return false
        }
    }

    /// With the client's side closed, closing the output is closing altogether to TLS, which drops what the kernel has not taken yet,
    /// close_notify included. So everything goes out first; and the close is a step of its own, because nothing is sent while the
    /// loop still tells of what it has sent.
    private func closeOnceSent(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in
            context.eventLoop.assumeIsolated().execute { context.close(mode: .output, promise: promise) }
        }
        context.writeAndFlush(Self.wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: sent)
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }

    private static func from(_ context: ChannelHandlerContext) -> Logger.Metadata {
        ["from": "\(context.channel.remoteAddress?.ipAddress ?? "unknown")"]
    }
}
