import NIOCore

/// The peer of a connection owed bytes, and its machine is gone.
struct DeadPeerError: Error, CustomStringConvertible {
    var description: String { "the peer's machine does not answer any more" }
}

/// Ends a connection whose peer is dead.
///
/// A machine that loses its power or its cable says nothing about it: a connection that was open stays open, and what is owed on it
/// would be waited for as long as a living peer may take, for seconds. So after a moment of silence, on this connection and all others
/// to the same address, somebody knocks at that address; where nobody opens the machine is gone, 300 ms after its last word. A machine
/// that answers is left in peace for a while: its agent may have a reason to be silent.
final class DeadPeerHandler: QuietHandler {
    /// Peers of a LAN are rarely silent for so long while they owe something.
    static let patience: TimeAmount = .milliseconds(100)
    /// Until the next look at a machine that is there.
    static let pause: TimeAmount = .seconds(1)

    private let pulses: MachinePulses
    private var known: MachinePulse?

    init(_ pulses: MachinePulses) {
        self.pulses = pulses
        super.init(limit: Self.patience, from: .request)
    }

    private func pulse(_ context: ChannelHandlerContext) -> MachinePulse? {
        if known == nil { known = context.channel.remoteAddress.map(pulses.pulse) }
        return known
    }

    override func heard(_ context: ChannelHandlerContext) {
        pulse(context)?.heard(at: context.eventLoop.now)
    }

    override func quiet(_ context: ChannelHandlerContext) {
        guard let pulse = pulse(context) else { return }
        if let rest = pulse.rest(at: context.eventLoop.now) { return schedule(context, after: rest) }
        let since = readingSince
        pulse.knock(on: context.eventLoop).assumeIsolated().whenSuccess { isThere in
            // A new request may have begun meanwhile, with a look of its own.
            guard self.isOwed, self.timer == nil else { return }
            let isSilent = self.readingSince == since && pulse.rest(at: context.eventLoop.now) == nil
            let isDead = !isThere && isSilent
            isDead ? self.end(context, DeadPeerError()) : self.schedule(context, after: Self.patience)
        }
    }
}
