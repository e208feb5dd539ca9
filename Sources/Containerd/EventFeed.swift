/// The events that wait for their reader. A stream that has missed one is of no use: it ends, and everything is looked at anew.
struct EventFeed: Sendable {
    let stream: AsyncThrowingStream<RuntimeEvent, any Error>
    private let continuation: AsyncThrowingStream<RuntimeEvent, any Error>.Continuation

    /// - Parameter limit: how many events may wait.
    init(limit: Int) {
        (stream, continuation) = AsyncThrowingStream.makeStream(bufferingPolicy: .bufferingOldest(limit))
    }

    /// - Returns: false where nobody reads any more.
    /// - Throws: `.unreachable` where the reader is too slow.
    func tell(_ event: RuntimeEvent) throws(ContainerdError) -> Bool {
        switch continuation.yield(event) {
        case .enqueued: return true
        case .dropped:
            throw ContainerdError(
                .unreachable, "containerd tells of more events than are read; everything is looked at")
        case .terminated: return false
        @unknown default: return false
        }
    }

    /// Ends the stream, after what waits.
    func end(_ error: ContainerdError) {
        continuation.finish(throwing: error)
    }
}
