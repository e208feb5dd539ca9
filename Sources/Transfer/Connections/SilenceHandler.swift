import NIOCore

/// A server had something to say, and said nothing for too long.
struct SilenceError: Error {}

/// Ends a connection whose server owes bytes and sends none.
///
/// The HTTP client's own read timeout counts the time in which nobody wanted bytes too, and so breaks the connection of a
/// reader that is slow.
final class SilenceHandler: QuietHandler {
    override init(limit: TimeAmount, from start: Start = .request) {
        super.init(limit: limit, from: start)
    }

    override func quiet(_ context: ChannelHandlerContext) { end(context, SilenceError()) }
}
