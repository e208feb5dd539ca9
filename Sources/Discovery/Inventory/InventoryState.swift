import OCI

/// The inventory as a value: what is offered, which version that is, and what was touched on the way there.
///
/// An epoch begins empty, at version 0. A batch of changes makes the next version. The log keeps *what* was touched and not
/// how: a delta tells how the touched things stand now, so it may be applied to any version between its `since` and its own.
struct InventoryState: Sendable {
    /// A tag that upstream confirmed again is news only after this long; else every pull would wake the whole LAN.
    static let referenceStaleness: Int64 = 300

    private enum Touched: Hashable, Sendable {
        case blob(Digest)
        case reference(ImageReference)
    }

    private struct LogEntry: Sendable {
        var version: UInt64
        var touched: Touched
    }

    let epoch: UInt64
    let limits: InventoryLimits
    private(set) var version: UInt64 = 0
    private(set) var blobs: [Digest: Offer] = [:]
    private(set) var references: [ImageReference: ReferenceOffer] = [:]
    private(set) var totalBytes: Int64 = 0

    /// What is said of a blob.
    struct Offer: Hashable, Sendable {
        var size: Int64
        var isProven: Bool
    }

    private var log: [LogEntry] = []
    /// The oldest version that the log leads on from.
    private var logFloor: UInt64 = 0
    private var order: Order?

    /// Sorted, for paging; made when a reader wants pages, and thrown away at the next change.
    private struct Order: Sendable {
        var digests: [Digest]
        var references: [ImageReference]
    }

    init(epoch: UInt64, limits: InventoryLimits = InventoryLimits()) {
        self.epoch = epoch
        self.limits = limits
    }

    /// Makes this the inventory. Returns whether that was a change, which made the next version.
    mutating func set(blobs entries: [InventoryEntry], references offers: [ReferenceOffer]) -> Bool {
        let newBlobs = Dictionary(
            entries.map { ($0.digest, Offer(size: $0.size, isProven: $0.isProven)) },
            uniquingKeysWith: { _, last in last })
        let newReferences = Dictionary(offers.map { ($0.reference, $0) }, uniquingKeysWith: { _, last in last })

        var touched: [Touched] = []
        for digest in blobs.keys where newBlobs[digest] == nil { touched.append(.blob(digest)) }
        for (digest, offer) in newBlobs where blobs[digest] != offer { touched.append(.blob(digest)) }
        for reference in references.keys where newReferences[reference] == nil {
            touched.append(.reference(reference))
        }
        var kept = newReferences
        for (reference, offer) in newReferences {
            if let old = references[reference], !Self.isNews(offer, after: old) {
                kept[reference] = old
            } else {
                touched.append(.reference(reference))
            }
        }
        guard !touched.isEmpty else { return false }

        version += 1
        blobs = newBlobs
        references = kept
        totalBytes = newBlobs.values.reduce(0) { $0 + $1.size }
        order = nil
        remember(touched)
        return true
    }

    private static func isNews(_ offer: ReferenceOffer, after old: ReferenceOffer) -> Bool {
        var confirmed = old
        confirmed.knownGood = offer.knownGood
        guard confirmed == offer else { return true }
        // What has a version does not age.
        return offer.version == nil && abs(offer.knownGood - old.knownGood) >= referenceStaleness
    }

    private mutating func remember(_ touched: [Touched]) {
        guard touched.count <= limits.log else {
            log = []
            logFloor = version
            return
        }
        log += touched.map { LogEntry(version: version, touched: $0) }
        guard log.count > limits.log else { return }
        // Whole versions go: half a version is no delta.
        logFloor = log[log.count - limits.log - 1].version
        log.removeAll { $0.version <= logFloor }
    }

    // MARK: What others are told

    func entry(of digest: Digest) -> InventoryEntry? {
        blobs[digest].map { InventoryEntry(digest: digest, size: $0.size, isProven: $0.isProven) }
    }

    /// What a Hello says.
    struct Announcement: Equatable, Sendable {
        var version: UInt64
        var count: Int
        /// Nil where the changes are too many, too old, or of references, which travel over HTTP only.
        var changes: Changes?
    }

    struct Changes: Equatable, Sendable {
        var since: UInt64
        var added: [InventoryEntry]
        var removed: [Digest]
    }

    /// The announcement of the current version to those who know `since`, with at most `limit` changes in it.
    func announcement(since: UInt64, limit: Int) -> Announcement {
        var announcement = Announcement(version: version, count: blobs.count)
        guard since < version, let touched = touched(since: since, limit: limit) else { return announcement }
        var changes = Changes(since: since, added: [], removed: [])
        for item in touched {
            guard case .blob(let digest) = item else { return announcement }
            if let entry = entry(of: digest) {
                changes.added.append(entry)
            } else {
                changes.removed.append(digest)
            }
        }
        announcement.changes = changes
        return announcement
    }

    /// - Parameters:
    ///   - epoch: the epoch that the reader knows a version of.
    ///   - since: that version.
    ///   - next: `next` of the page before, when a full inventory is being read.
    ///   - now: seconds since 1970 by this node's clock.
    mutating func page(epoch known: UInt64?, since: UInt64?, next: String?, now: Int64) -> InventoryPage {
        if let next, let position = PagePosition(next) { return fullPage(after: position, now: now) }
        if known == epoch, let since, since <= version, let delta = delta(since: since, now: now) { return delta }
        return fullPage(after: .start, now: now)
    }

    /// Blobs that came last, newest first, as far as the log goes back.
    func newest(_ limit: Int) -> [Digest] {
        var newest: [Digest] = []
        var told: Set<Digest> = []
        for entry in log.reversed() where newest.count < limit {
            guard case .blob(let digest) = entry.touched, blobs[digest] != nil, told.insert(digest).inserted else {
                continue
            }
            newest.append(digest)
        }
        return newest
    }

    private func touched(since: UInt64, limit: Int) -> Set<Touched>? {
        guard since >= logFloor else { return nil }
        var touched: Set<Touched> = []
        for entry in log.reversed() {
            guard entry.version > since else { break }
            touched.insert(entry.touched)
            guard touched.count <= limit else { return nil }
        }
        return touched
    }

    private func delta(since: UInt64, now: Int64) -> InventoryPage? {
        guard let touched = touched(since: since, limit: limits.blobsPerPage) else { return nil }
        var page = InventoryPage(epoch: epoch, version: version, full: false)
        for item in touched {
            switch item {
            case .blob(let digest):
                if let entry = entry(of: digest) {
                    page.added.append(entry)
                } else {
                    page.removed.append(digest)
                }
            case .reference(let reference):
                if let offer = references[reference] {
                    page.references.append(offer.entry(at: now))
                } else {
                    page.removedReferences.append(reference)
                }
            }
        }
        return page.references.count <= limits.referencesPerPage ? page : nil
    }

    private mutating func fullPage(after position: PagePosition, now: Int64) -> InventoryPage {
        let order = self.order ?? Order(digests: blobs.keys.sorted(), references: references.keys.sorted())
        self.order = order
        var page = InventoryPage(epoch: epoch, version: version, full: true)

        var referencesFrom = 0
        switch position {
        case .start, .blob:
            let from = position.digest.map { order.digests.firstIndex(above: $0) } ?? 0
            let digests = order.digests[from...].prefix(limits.blobsPerPage)
            page.added = digests.compactMap { entry(of: $0) }
            if digests.endIndex < order.digests.endIndex {
                page.next = digests.last.map { PagePosition.blob($0).text }
                return page
            }
        case .reference(let reference):
            referencesFrom = order.references.firstIndex(above: reference)
        }
        let names = order.references[referencesFrom...].prefix(limits.referencesPerPage)
        page.references = names.compactMap { references[$0]?.entry(at: now) }
        if names.endIndex < order.references.endIndex {
            page.next = names.last.map { PagePosition.reference($0).text }
        }
        return page
    }
}

extension Array where Element: Comparable {
    /// The index of the first element greater than `bound` in a sorted array.
    fileprivate func firstIndex(above bound: Element) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] > bound { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
