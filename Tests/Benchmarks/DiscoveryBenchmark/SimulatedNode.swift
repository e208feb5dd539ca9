import FoundationEssentials
import Logging
import OCI

@testable import Discovery

/// A node as it is but for sockets, HTTP and the clock: the product's own dialogue, directory, inventory and codec.
///
/// One thread at a time works with a node; the LAN hands the nodes out so.
final class SimulatedNode {
    let number: Int
    let address: PeerAddress
    let source: BeaconTarget
    private(set) var epoch: UInt64 = 0
    private(set) var isUp = false
    private(set) var blobs: [Digest: Int64]

    private(set) var directory: Directory
    private(set) var inventory: Inventory
    private(set) var dialogue: BeaconDialogue
    private(set) var around: BeaconSurroundings
    private let limits: DirectoryLimits
    private let id: NodeID
    var random: SplitMix

    /// What the LAN has in its queue for this node.
    var helloAt: ContinuousClock.Instant?
    var inquiriesAt: ContinuousClock.Instant?
    var wantsInquiry = false
    var answers: [BeaconDialogue.Answer] = []

    private var pages: [UInt64: (page: InventoryPage, bytes: Int)] = [:]

    init(number: Int, blobs: [Digest: Int64], keepsIndex: Bool, seed: UInt64, now: ContinuousClock.Instant) {
        self.number = number
        self.blobs = blobs
        source = BeaconTarget(ip: IPAddress(family: .v4, bits: 0x0a00_0000 + UInt128(number) + 1), port: 5051)
        address = PeerAddress(host: source.ip.description, port: 5051)
        random = SplitMix(seed: seed)
        var limits = DirectoryLimits()
        if !keepsIndex { limits.digests = 0 }
        self.limits = limits
        let words = [random.next(), random.next()]
        id =
            NodeID(bytes: words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
            ?? .random()
        (around, dialogue) = Self.make(id: id, number: number, epoch: 0, limits: limits, now: now)
        directory = around.directory
        inventory = around.inventory
    }

    private static func make(
        id: NodeID, number: Int, epoch: UInt64, limits: DirectoryLimits, now: ContinuousClock.Instant
    ) -> (BeaconSurroundings, BeaconDialogue) {
        let directory = Directory(own: id, hasKey: false, believesTags: false, limits: limits)
        var configuration = DiscoveryConfiguration(allows: { _ in true })
        // One network; whoever is on it hears what goes there.
        let everybody = BeaconTarget(ip: IPAddress(family: .v4, bits: 0x0aff_ffff), port: 5051)
        configuration.targets = { [everybody] }
        let around = BeaconSurroundings(
            configuration: configuration,
            identity: NodeIdentity(id: id, name: "node-\(number)", epoch: epoch), codec: BeaconCodec(key: nil),
            inventory: Inventory(epoch: epoch), directory: directory, questions: Questions(directory: directory),
            wants: Wants(directory: directory), tally: DiscoveryTally(), alarm: directory.alarm,
            sequence: BeaconSequence(),
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        return (around, BeaconDialogue(around, start: now))
    }

    // MARK: Coming and going

    /// A new epoch: the directory is empty, the inventory is what it was.
    func start(now: ContinuousClock.Instant) {
        epoch += 1
        (around, dialogue) = Self.make(id: id, number: number, epoch: epoch, limits: limits, now: now)
        directory = around.directory
        inventory = around.inventory
        isUp = true
        helloAt = nil
        inquiriesAt = nil
        offer()
        dialogue.inventoryChanged(at: now)
    }

    func stop() {
        isUp = false
        answers = []
    }

    func add(_ digests: [Digest], now: ContinuousClock.Instant) {
        for digest in digests { blobs[digest] = 1 << 20 }
        offer()
        dialogue.inventoryChanged(at: now)
    }

    private func offer() {
        inventory.set(blobs: blobs.map { InventoryEntry(digest: $0.key, size: $0.value) }, references: [])
        pages = [:]
    }

    // MARK: The beacon

    func hear(_ datagram: [UInt8], from sender: BeaconTarget, now: ContinuousClock.Instant, loss: Int) {
        guard Int(random.next() % 100) >= loss else { return }
        around.tally.add { $0.received += 1 }
        do throws(BeaconDrop) {
            let reaction = try dialogue.hear(datagram, from: sender, now: now, random: share())
            if reaction.wantsInquiry { wantsInquiry = true }
            if let answer = reaction.answer { answers.append(answer) }
        } catch {
            around.tally.drop(error)
        }
    }

    func hello(now: ContinuousClock.Instant) -> [UInt8]? {
        dialogue.hello(at: now, random: share()).flatMap { around.datagram($0) }
    }

    /// What there is to be said about nodes that may not hear each other.
    func introductions(now: ContinuousClock.Instant) -> [[UInt8]] {
        dialogue.introductions(at: now, random: share()).compactMap { around.datagram($0.saying) }
    }

    func answerSent() { dialogue.answerSent() }

    func bye() -> [UInt8]? { around.datagram(BeaconSaying(payload: .bye)) }

    /// At random from 0 up to 1.
    func share() -> Double { Double(random.next() >> 11) / Double(1 << 53) }

    // MARK: HTTP

    /// What `GET /v1/node` answers.
    var document: NodeDocument {
        NodeDocument(identity: around.identity, version: inventory.version, key: nil, port: address.port)
    }

    /// What `GET /v1/inventory` answers, and how many bytes of JSON that is. Made once for each version that is asked for.
    func page(epoch asked: UInt64, since: UInt64) -> (page: InventoryPage, bytes: Int) {
        let key = asked == epoch ? since : .max
        if let known = pages[key] { return known }
        let page = inventory.page(epoch: asked, since: since)
        let answer = (page: page, bytes: (try? JSONEncoder().encode(page))?.count ?? 0)
        pages[key] = answer
        return answer
    }
}
