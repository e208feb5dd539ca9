/// That something happened, told to one listener: what happens while it is busy is told once.
struct Signal: Sendable {
    /// One element for all that was raised since the last one was taken.
    let raised: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (raised, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func raise() { continuation.yield() }

    /// What was raised before is the last.
    func end() { continuation.finish() }
}
