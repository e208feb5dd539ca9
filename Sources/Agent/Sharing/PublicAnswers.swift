import OCI

/// Whether upstream hands images to anybody, as it said when it was asked. A value without I/O.
///
/// An answer belongs to a manifest in a repository: the same manifest may be public in one and private in another.
struct PublicAnswers: Equatable, Sendable {
    /// More images than a node holds. Beyond it those go that were asked about longest ago.
    static let limit = 16_384
    /// An answer is asked for again after a day; until a new one comes the old one counts.
    static let validity: Int64 = 86_400

    /// A manifest or index in a repository.
    struct Image: Hashable, Sendable {
        var origin: Origin
        var digest: Digest
    }

    struct Answer: Equatable, Sendable {
        var isPublic: Bool
        /// Seconds since 1970 by this node's clock.
        var askedAt: Int64
    }

    private(set) var answers: [Image: Answer] = [:]
    private let limit: Int

    init(limit: Int = Self.limit) {
        self.limit = limit
    }

    /// Nil where upstream has never said.
    func isPublic(_ image: Image) -> Bool? { answers[image]?.isPublic }

    /// Whether upstream is to be asked: never before, a day ago, or in what a clock that was wrong took for the future.
    func isDue(_ image: Image, now: Int64) -> Bool {
        guard let answer = answers[image] else { return true }
        return !(0...Self.validity ~= now - answer.askedAt)
    }

    mutating func record(_ isPublic: Bool, of image: Image, at now: Int64) {
        answers[image] = Answer(isPublic: isPublic, askedAt: now)
        guard answers.count > limit else { return }
        // A tenth at once, so that a full table is not sorted for every newcomer.
        let oldest = answers.sorted { $0.value.askedAt < $1.value.askedAt }.prefix(max(1, limit / 10))
        for (image, _) in oldest { answers[image] = nil }
    }
}
