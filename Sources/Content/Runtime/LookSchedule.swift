import OCI

/// What is to be looked at in containerd next, and when. A value: time is a parameter.
///
/// What containerd tells is an occasion to look, never the truth itself. Occasions that come together are one look. A blob
/// that should come or go is looked for again and again, for a while: a file appears before containerd has committed it, and
/// garbage is collected some time after the image's removal was told.
struct LookSchedule: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How long after the first occasion is looked.
    static let coalescing: Duration = .milliseconds(50)
    /// How often everything is looked at where its files tell what comes and goes, and where nothing does.
    static let watchedInterval: Duration = .seconds(30)
    static let unwatchedInterval: Duration = .seconds(5)
    /// How long is waited for garbage to be collected, and for a blob to be committed.
    static let collectionPatience: Duration = .seconds(30)
    static let commitPatience: Duration = .seconds(5)
    /// Between two looks at what has not happened yet: twice as long each time, up to this.
    static let slowestRecheck: Duration = .seconds(1)
    /// Looking at everything takes at most a fifth of the time.
    static let restFactor = 4
    /// More than so many single looks are one at everything.
    static let maximumImages = 32
    static let maximumContents = 256

    /// What to look at.
    struct Look: Hashable, Sendable {
        var isWhole = false
        var images: Set<RuntimeImageName> = []
        var contents: Set<Digest> = []
    }

    private struct Awaited {
        var isThere: Bool
        var due: Instant
        var delay: Duration
        var end: Instant
    }

    private var interval: Duration
    private var wholeDue: Instant
    private var restingUntil: Instant
    private var images: [RuntimeImageName: Instant] = [:]
    private var awaited: [Digest: Awaited] = [:]

    /// Begins with a look at everything.
    init(at now: Instant) {
        interval = Self.unwatchedInterval
        wholeDue = now
        restingUntil = now
    }

    /// Whether somebody watches the files.
    var isWatched: Bool {
        get { interval == Self.watchedInterval }
        set { interval = newValue ? Self.watchedInterval : Self.unwatchedInterval }
    }

    /// When the next look is due.
    var due: Instant {
        min(wholeDue, images.values.min() ?? wholeDue, awaited.values.lazy.map(\.due).min() ?? wholeDue)
    }

    // MARK: Occasions

    /// containerd told that something happened.
    mutating func heard(_ event: RuntimeNotice, at now: Instant) {
        switch event {
        case .image(let name): images[name] = min(images[name] ?? .distant(from: now), now + Self.coalescing)
        case .content(let digest, let isThere): expect(digest, isThere: isThere, at: now)
        case .namespaces: lostTrack(at: now)
        }
    }

    /// A blob should be there soon, or be gone.
    mutating func expect(_ digest: Digest, isThere: Bool, at now: Instant) {
        // Whether that is one look at everything or many single ones, it is bounded.
        guard awaited.count < Self.maximumContents * 4 else { return lostTrack(at: now) }
        let patience = isThere ? Self.commitPatience : Self.collectionPatience
        let due = min(awaited[digest]?.due ?? .distant(from: now), now + Self.coalescing)
        awaited[digest] = Awaited(isThere: isThere, due: due, delay: Self.coalescing, end: now + patience)
    }

    /// Something happened, and nobody knows what.
    mutating func lostTrack(at now: Instant) {
        wholeDue = min(wholeDue, max(now + Self.coalescing, restingUntil))
    }

    // MARK: Looks

    /// Takes what is due.
    mutating func take(at now: Instant) -> Look? {
        guard due <= now else { return nil }
        var look = Look()
        if images.values.contains(where: { $0 <= now }) { look.images = Set(images.keys) }
        look.contents = Set(awaited.filter { $0.value.due <= now }.keys)
        if look.images.count > Self.maximumImages || look.contents.count > Self.maximumContents {
            guard restingUntil <= now else {
                postpone(look)
                return take(at: now)
            }
            wholeDue = now
        }
        guard wholeDue > now else {
            images = [:]
            return Look(isWhole: true)
        }
        for name in look.images { images[name] = nil }
        return look
    }

    private mutating func postpone(_ look: Look) {
        wholeDue = min(wholeDue, restingUntil)
        for name in look.images { images[name] = restingUntil }
        for digest in look.contents { awaited[digest]?.due = restingUntil }
    }

    /// A look is done: what was awaited in vain is looked for again, as long as there is patience.
    mutating func looked(at look: Look, took: Duration, now: Instant, isThere: (Digest) -> Bool) {
        if look.isWhole {
            restingUntil = now + took * Self.restFactor
            wholeDue = max(now + interval, restingUntil)
        }
        for digest in look.isWhole ? Set(awaited.keys) : look.contents {
            guard var entry = awaited[digest] else { continue }
            // Told anew while it was looked.
            if entry.due > now, !look.isWhole { continue }
            entry.delay = min(entry.delay * 2, Self.slowestRecheck)
            entry.due = now + entry.delay
            awaited[digest] = entry.isThere == isThere(digest) || entry.due > entry.end ? nil : entry
        }
    }
}

extension ContinuousClock.Instant {
    /// Later than anything that is planned.
    fileprivate static func distant(from now: Self) -> Self { now + .seconds(86_400) }
}
