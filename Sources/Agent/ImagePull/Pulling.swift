/// Who brings images to this node when told to.
public protocol Pulling: Sendable {
    /// Begins to pull; the pull ends when the stream is dropped.
    func pull(_ query: PullQuery) -> PullStart
}

/// What became of a wish to pull.
public enum PullStart: Sendable {
    case begun(AsyncStream<PullEvent>)
    /// As many run as may at once.
    case busy
}
