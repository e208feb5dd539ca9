public import Discovery

/// Which version a new word about a name gets: higher than every one that is known of, and in step with the wall clock where that
/// makes sense, so that of two pushes on two sides of a partition the later one wins. A wrong clock costs no more than that.
public enum NameClock {
    /// - Parameters:
    ///   - known: every version of the name that this node knows or has been told.
    ///   - now: milliseconds since 1970 by this node's clock.
    /// - Returns: nil where the highest known version leaves no room for another one: nobody honest says such a thing.
    public static func next(after known: some Sequence<NameVersion>, now: Int64, author: NodeID) -> NameVersion? {
        let highest = known.map(\.counter).max() ?? 0
        let counter = max(highest + 1, UInt64(clamping: now))
        guard counter < NameVersion.counters.upperBound else {
            return highest + 1 < NameVersion.counters.upperBound
                ? NameVersion(counter: highest + 1, author: author) : nil
        }
        return NameVersion(counter: counter, author: author)
    }
}
