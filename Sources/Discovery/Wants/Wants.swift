public import OCI
import Synchronization

/// Tells the LAN what this node is fetching, and knows what others are. Safe from any thread; all of it is bounded.
///
/// **Everybody on the LAN hears what is said here.** Without a cluster key that is anybody at all, so whoever calls `begin` decides
/// first whether the blob may be spoken of (the rule of trust); nothing here does.
public final class Wants: Sendable {
    private struct Guarded: Sendable {
        var schedule = WantSchedule()
        var link: BeaconLink?
        var changed: Set<Digest> = []
    }

    private let directory: Directory
    private let guarded = Mutex(Guarded())
    private let alarm = Alarm()

    init(directory: Directory) {
        self.directory = directory
    }

    // MARK: What this node fetches

    /// This node is fetching the blob from now on. It is said within milliseconds, again 300 ms later, and then every five seconds, more
    /// seldom on a LAN of hundreds, until `end`. Of more than 256 blobs at once the rest is not told.
    /// - Parameter size: bytes, where it is known; it may be told later by calling this again.
    public func begin(_ digest: Digest, size: Int64?) {
        begin(digest, size: size, now: .now, random: .random(in: 0..<1))
        tell()
    }

    /// This node is fetching it no longer: it is done, or was given up.
    public func end(_ digest: Digest) {
        end(digest, now: .now, random: .random(in: 0..<1))
        tell()
    }

    // MARK: What others fetch

    /// Living peers that are fetching the blob now.
    public func wanters(of digest: Digest) -> [NodeID] {
        directory.wanters(of: digest).map(\.node)
    }

    /// Bytes that the blob has, as those say who are fetching it; nil where nobody knows, or they differ.
    public func size(of digest: Digest) -> Int64? {
        let sizes = Set(directory.wanters(of: digest).compactMap(\.size))
        return sizes.count == 1 ? sizes.first : nil
    }

    /// A peer asked this node for pieces of the blob. So it is fetching it, whatever datagrams were lost; for 15 s, unless it says more.
    public func heard(_ node: NodeID, wants digest: Digest) {
        note(directory.heard(node, wants: digest, now: .now))
    }

    /// Of the blobs that this node is fetching, those that somebody else began or ceased to fetch, as soon as that is known. What is not
    /// read yet is put together, so nothing is missed. For one reader.
    public var changes: some AsyncSequence<Set<Digest>, Never> & Sendable {
        alarm.rings.map { [self] _ in takeChanges() }.filter { !$0.isEmpty }
    }

    // MARK: For the service

    /// Where to speak. Nil: nowhere, until there is a link again.
    func connect(_ link: BeaconLink?) {
        guarded.withLock { $0.link = link }
        tell()
    }

    /// Somebody began or ceased to fetch these.
    func note(_ digests: Set<Digest>) {
        guard !digests.isEmpty else { return }
        let hasNews = guarded.withLock { guarded in
            let news = digests.filter { guarded.schedule.wants($0) }
            guarded.changed.formUnion(news)
            return !news.isEmpty
        }
        if hasNews { alarm.ring() }
    }

    /// To be called every second.
    func forgetTheSilent() {
        note(directory.expireWants(now: .now))
    }

    func takeChanges() -> Set<Digest> {
        guarded.withLock { guarded in
            defer { guarded.changed = [] }
            return guarded.changed
        }
    }

    private func tell() {
        guarded.withLock(\.link)?.wantsChanged()
    }

    // MARK: For the dialogue

    var due: ContinuousClock.Instant? { guarded.withLock(\.schedule.due) }

    func begin(_ digest: Digest, size: Int64?, now: ContinuousClock.Instant, random: Double) {
        guarded.withLock { $0.schedule.begin(digest, size: size, at: now, random: random) }
    }

    func end(_ digest: Digest, now: ContinuousClock.Instant, random: Double) {
        guarded.withLock { guarded in
            guarded.schedule.end(digest, at: now, random: random)
            guarded.changed.remove(digest)
        }
    }

    func strangerHeard(at now: ContinuousClock.Instant, random: Double) {
        guarded.withLock { $0.schedule.strangerHeard(at: now, random: random) }
    }

    func keep(_ budget: LANBudget) {
        guarded.withLock { $0.schedule.budget = budget }
    }

    func say(at now: ContinuousClock.Instant, isBusy: Bool, random: Double) -> [Beacon.Want] {
        guarded.withLock { $0.schedule.say(at: now, isBusy: isBusy, random: random) }
    }
}
