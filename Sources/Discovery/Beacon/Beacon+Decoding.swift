import FoundationEssentials
import OCI

// Where bytes of strangers stop being bytes: each initializer returns a value whose every field has been checked, or throws the
// reason to drop the datagram.

extension Beacon {
    init(_ wire: WireBeacon) throws(BeaconDrop) {
        guard let node = NodeID(bytes: wire.node), wire.epoch > 0, wire.sequence > 0 else { throw .invalidField }
        let payload: Payload
        switch wire.payload {
        case .hello(let hello): payload = .hello(try Hello(hello))
        case .bye: payload = .bye
        case .whoHas(let question): payload = .whoHas(try WhoHas(question))
        case .have(let answer): payload = .have(try Have(answer))
        case .want(let want): payload = .want(try Want(want))
        case .introduction(let wire):
            guard wire.nodes.count <= BeaconLimits.introduced else { throw .invalidField }
            payload = .introduction(try each(wire.nodes, Introduced.init))
        case nil: throw .unknownPayload
        }
        self.init(node: node, epoch: wire.epoch, sequence: wire.sequence, payload: payload)
    }
}

extension Beacon.Hello {
    fileprivate init(_ wire: WireHello) throws(BeaconDrop) {
        guard let name = PrintableName(wire.name), wire.addresses.count <= BeaconLimits.addresses
        else { throw .invalidField }
        self.init(
            httpPort: try portNumber(wire.httpPort), name: name.text, interval: try intervalLength(wire.interval),
            version: wire.version, count: wire.count,
            changes: wire.hasChanges ? try InventoryState.Changes(wire.changes, to: wire.version) : nil,
            addresses: try each(wire.addresses, IPAddress.init(wire:)))
    }
}

extension Beacon.Introduced {
    fileprivate init(_ wire: WireIntroduced) throws(BeaconDrop) {
        let age = Duration.seconds(Int64(wire.age))
        guard let node = NodeID(bytes: wire.node), wire.epoch > 0, (1...BeaconLimits.hops).contains(Int(wire.hops)),
            age <= BeaconLimits.silence
        else { throw .invalidField }
        self.init(
            node: node, ip: try IPAddress(wire: wire.address), httpPort: try portNumber(wire.httpPort),
            epoch: wire.epoch, version: wire.version, hops: Int(wire.hops), age: age)
    }
}

extension IPAddress {
    /// The length tells the family. One that only a link knows leads nowhere from elsewhere.
    fileprivate init(wire: Data) throws(BeaconDrop) {
        guard wire.count == 4 || wire.count == 16 else { throw .invalidField }
        self.init(family: wire.count == 4 ? .v4 : .v6, bytes: wire)
        guard !isSenderless, !isLoopback, !isLinkLocal else { throw .invalidField }
    }
}

extension InventoryState.Changes {
    fileprivate init(_ wire: WireChanges, to version: UInt64) throws(BeaconDrop) {
        guard wire.since < version, wire.added.count + wire.removed.count <= BeaconLimits.changes else {
            throw .invalidField
        }
        self.init(
            since: wire.since,
            added: try each(wire.added, InventoryEntry.init(wire:)),
            removed: try each(wire.removed, Digest.init(wire:)))
    }
}

extension Beacon.WhoHas {
    fileprivate init(_ wire: WireWhoHas) throws(BeaconDrop) {
        guard wire.digests.count <= BeaconLimits.askedDigests,
            wire.references.count <= BeaconLimits.askedReferences,
            !wire.digests.isEmpty || !wire.references.isEmpty
        else { throw .invalidField }
        self.init(
            question: wire.question,
            digests: try each(wire.digests, Digest.init(wire:)),
            references: try each(wire.references, ImageReference.init(wire:)))
    }
}

extension Beacon.Have {
    fileprivate init(_ wire: WireHave) throws(BeaconDrop) {
        guard wire.blobs.count <= BeaconLimits.answeredBlobs,
            wire.references.count <= BeaconLimits.answeredReferences
        else { throw .invalidField }
        self.init(
            question: wire.question,
            httpPort: try portNumber(wire.httpPort),
            blobs: try each(wire.blobs, InventoryEntry.init(wire:)),
            references: try each(wire.references, ReferenceEntry.init(wire:)))
    }
}

extension Beacon.Want {
    fileprivate init(_ wire: WireWant) throws(BeaconDrop) {
        guard (1...BeaconLimits.wanted).contains(wire.blobs.count) else { throw .invalidField }
        self.init(
            blobs: try each(wire.blobs, Beacon.Wanted.init), interval: try intervalLength(wire.interval))
    }
}

extension Beacon.Wanted {
    fileprivate init(_ wire: WireWanted) throws(BeaconDrop) {
        guard wire.size <= BeaconLimits.blobSize else { throw .invalidField }
        self.init(
            digest: try Digest(wire: wire.digest), size: wire.size > 0 ? Int64(wire.size) : nil, isEnded: wire.ended)
    }
}

extension InventoryEntry {
    fileprivate init(wire: WireBlob) throws(BeaconDrop) {
        guard wire.size <= BeaconLimits.blobSize else { throw .invalidField }
        self.init(digest: try Digest(wire: wire.digest), size: Int64(wire.size), isProven: !wire.unproven)
    }
}

extension ReferenceEntry {
    fileprivate init(wire: WireReference) throws(BeaconDrop) {
        guard wire.mediaType.utf8.count <= BeaconLimits.mediaType, let mediaType = MediaType(rawValue: wire.mediaType),
            wire.age <= BeaconLimits.age
        else { throw .invalidField }
        self.init(
            reference: try ImageReference(wire: wire.reference), digest: try Digest(wire: wire.digest),
            mediaType: mediaType, ageSeconds: wire.age, version: try NameVersion?(wire: wire),
            isDeleted: wire.deleted, subject: wire.subject.isEmpty ? nil : try Digest(wire: wire.subject))
        guard isPossible else { throw .invalidField }
    }
}

extension NameVersion? {
    /// Counter and author come together.
    fileprivate init(wire: WireReference) throws(BeaconDrop) {
        guard wire.counter != 0 || !wire.author.isEmpty else {
            self = nil
            return
        }
        guard let author = NodeID(bytes: wire.author) else { throw .invalidField }
        let version = NameVersion(counter: wire.counter, author: author)
        guard version.isValid else { throw .invalidField }
        self = version
    }
}

extension Digest {
    /// The length tells the algorithm.
    fileprivate init(wire: Data) throws(BeaconDrop) {
        guard let algorithm = Algorithm.allCases.first(where: { $0.byteCount == wire.count }),
            let digest = try? Digest(algorithm: algorithm, bytes: wire)
        else { throw .invalidField }
        self = digest
    }
}

extension ImageReference {
    /// A tag, or a manifest of the local namespace, in full: nothing that could be read in two ways.
    fileprivate init(wire: String) throws(BeaconDrop) {
        guard wire.utf8.count <= BeaconLimits.reference,
            let reference = try? ImageReference(normalizing: wire),
            reference.isTellable, reference.description == wire
        else { throw .invalidField }
        self = reference
    }
}

private func portNumber(_ number: UInt32) throws(BeaconDrop) -> UInt16 {
    guard let port = UInt16(exactly: number), port > 0 else { throw .invalidField }
    return port
}

private func intervalLength(_ milliseconds: UInt32) throws(BeaconDrop) -> Duration {
    let interval = Duration.milliseconds(Int64(milliseconds))
    guard interval >= BeaconLimits.shortestInterval, interval <= BeaconLimits.longestInterval else {
        throw .invalidField
    }
    return interval
}

private func each<Wire, Value>(
    _ wires: [Wire], _ convert: (Wire) throws(BeaconDrop) -> Value
) throws(BeaconDrop) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(wires.count)
    for wire in wires { values.append(try convert(wire)) }
    return values
}
