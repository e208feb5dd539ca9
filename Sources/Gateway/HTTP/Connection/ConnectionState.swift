import NIOCore

/// What one connection is doing, and until when: all of its timing, without a clock.
///
/// `open` is waiting for a request, receiving one, or answering some; `closing` has sent, or is sending, its last byte;
/// `lingering` has said FIN and listens a little longer for the client's.
struct ConnectionState {
    enum Phase: Equatable { case open, closing, lingering }
    /// What to do with bytes that came in.
    enum Arrival: Equatable { case parse, discard, close }
    /// What to do when an answer has gone out.
    enum AfterAnswer: Equatable { case answerNext, read, close }
    /// What to do when time has passed.
    enum Verdict: Equatable {
        case fine
        /// A request takes too long to arrive.
        case refuse
        /// Say FIN: nothing is owed.
        case finish
        /// Nothing more can be done for this client.
        case drop(Reason)
        /// The body that is being read has stopped coming.
        case breakBody
        /// Nothing has moved for a while: see whether what is being sent still exists.
        case inspect
    }
    enum Reason: Equatable { case stalled, gone, lingered }

    private let limits: HTTPLimits
    private(set) var phase = Phase.open
    /// Requests handed on and not answered yet.
    private(set) var unanswered = 0
    /// Whether the first line of the next request has not ended yet.
    private(set) var isInRequestLine = true
    private(set) var isDraining = false
    private var isReceiving = false
    private var isLast = false
    private var isInputClosed = false
    private var bytesAhead = 0
    private var lingered = 0
    /// When the present wait began.
    private var since: NIODeadline
    private var halfCloseEnd: NIODeadline?
    /// Whether the body of the request that is being answered is still arriving, and since when its next bytes have been waited for.
    private(set) var isBodyOpen = false
    private var bodyAwaited: NIODeadline?
    private var writes: WriteWatch

    init(limits: HTTPLimits, now: NIODeadline) {
        self.limits = limits
        since = now
        writes = WriteWatch(limits: limits, now: now)
    }

    /// Requests are read one at a time: while one is answered, the next waits in the kernel.
    var holdsReads: Bool { phase == .open && unanswered > 0 }

    // MARK: Input

    mutating func bytesArrived(_ count: Int, endsLine: Bool, now: NIODeadline) -> Arrival {
        guard phase == .open else {
            lingered += count
            return lingered > limits.lingerSize ? .close : .discard
        }
        if isBodyOpen {
            bodyAwaited = nil
            return .parse
        }
        guard !isLast else { return .discard }
        guard unanswered == 0 else {
            // Reads are held, but a close of the client's side empties the kernel's buffer onto us at once.
            bytesAhead += count
            if bytesAhead > limits.headerSize + limits.bodySize { isLast = true }
            return isLast ? .discard : .parse
        }
        if !isReceiving {
            isReceiving = true
            since = now
        }
        if endsLine { isInRequestLine = false }
        return .parse
    }

    mutating func requestArrived(isKeepAlive: Bool, now: NIODeadline) {
        unanswered += 1
        isReceiving = false
        isInRequestLine = true
        if unanswered == 1 { writes.restart(now) }
        if !isKeepAlive { isLast = true }
    }

    // MARK: A body that is read while it arrives

    mutating func bodyOpened() { isBodyOpen = true }

    /// More of the body was asked of the kernel.
    mutating func bodyWanted(now: NIODeadline) {
        if isBodyOpen, bodyAwaited == nil { bodyAwaited = now }
    }

    /// The rest of the body will not come: the answer is the connection's last.
    mutating func bodyBroken() {
        isLast = true
        bodyClosed()
    }

    /// The body is over.
    mutating func bodyClosed() {
        isBodyOpen = false
        bodyAwaited = nil
    }

    /// A request was turned down: it is answered, and nothing after it.
    mutating func requestRefused(now: NIODeadline) {
        requestArrived(isKeepAlive: false, now: now)
    }

    /// The client closed its sending side.
    /// - Parameter mayWait: whether it would be seen if the client were gone for good.
    /// - Returns: whether there is nothing left to do for it.
    mutating func inputClosed(mayWait: Bool, now: NIODeadline) -> Bool {
        isInputClosed = true
        if !mayWait { halfCloseEnd = now + TimeAmount(limits.halfCloseTime) }
        return unanswered == 0
    }

    // MARK: Output

    mutating func answerEnded(isKeepAlive: Bool, now: NIODeadline) -> AfterAnswer {
        unanswered -= 1
        // What is left of the body cannot be told from the next request.
        if !isKeepAlive || isBodyOpen { isLast = true }
        bodyClosed()
        if unanswered > 0, isKeepAlive { return .answerNext }
        bytesAhead = 0
        guard !isLast, !isInputClosed, !isDraining else { return .close }
        since = now
        return .read
    }

    /// - Returns: whether the connection can be closed at once.
    mutating func drain() -> Bool {
        isDraining = true
        return phase == .open && unanswered == 0
    }

    mutating func closing(now: NIODeadline) {
        phase = .closing
        writes.restart(now)
    }

    mutating func outputClosed(now: NIODeadline) {
        phase = .lingering
        since = now
    }

    // MARK: Time

    /// When to look again.
    var nextCheck: NIODeadline {
        let next =
            switch phase {
            case .lingering: since + TimeAmount(limits.lingerTime)
            case .closing: writes.nextCheck
            case .open where unanswered > 0:
                bodyAwaited.map { min($0 + TimeAmount(limits.bodyIdleTime), writes.nextCheck) } ?? writes.nextCheck
            case .open: since + TimeAmount(isReceiving ? limits.headerTime : limits.idleTime)
            }
        return halfCloseEnd.map { min($0, next) } ?? next
    }

    /// - Parameters:
    ///   - taken: bytes that the kernel has taken so far, of all that was to go out.
    ///   - pending: bytes that wait for it.
    mutating func check(taken: Int, pending: Int, now: NIODeadline) -> Verdict {
        if let halfCloseEnd, now >= halfCloseEnd { return .drop(.gone) }
        switch phase {
        case .lingering: return now >= nextCheck ? .drop(.lingered) : .fine
        case .closing: return writes.check(taken: taken, pending: pending, now: now)
        case .open where bodyAwaited.map({ now >= $0 + TimeAmount(limits.bodyIdleTime) }) ?? false: return .breakBody
        case .open where unanswered > 0: return writes.check(taken: taken, pending: pending, now: now)
        case .open where now < nextCheck: return .fine
        case .open: return isReceiving ? .refuse : .finish
        }
    }
}
