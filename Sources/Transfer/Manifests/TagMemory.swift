public import Content
import OCI
import Synchronization

/// When upstream last confirmed what tags mean.
///
/// What containerd holds has the time at which containerd got it, and nobody else writes there: a later word of upstream's is kept here, for
/// as long as the agent runs. Bounded: the tags confirmed longest ago go first. Safe from any thread.
public final class TagMemory: Sendable {
    private struct Word {
        var digest: Digest
        /// Seconds since 1970 by this node's clock.
        var knownGood: Int64
    }

    private let limit: Int
    private let words = Mutex<[ImageReference: Word]>([:])

    /// Makes an empty memory.
    public init(limit: Int = 10_000) {
        self.limit = limit
    }

    /// Notes what a tag means, unless a newer word is known. A record without a name says nothing about tags.
    public func remember(_ image: ImageRecord) {
        guard let reference = image.reference else { return }
        words.withLock { words in
            if let known = words[reference], known.knownGood > image.knownGood { return }
            words[reference] = Word(digest: image.digest, knownGood: image.knownGood)
            guard words.count > limit else { return }
            // A tenth at once, so that a full table is not sorted for every newcomer.
            let oldest = words.sorted { $0.value.knownGood < $1.value.knownGood }.prefix(max(1, limit / 10))
            for (reference, _) in oldest { words[reference] = nil }
        }
    }

    /// The record with the time at which it was last confirmed, if that is later.
    public func confirmed(_ image: ImageRecord) -> ImageRecord {
        guard let reference = image.reference, let word = words.withLock({ $0[reference] }),
            word.digest == image.digest, word.knownGood > image.knownGood
        else { return image }
        var confirmed = image
        confirmed.knownGood = word.knownGood
        return confirmed
    }
}
