import FoundationEssentials
import OCI
import SwiftProtobuf

extension WireBeacon {
    /// All but the cluster id, the padding and the code, which are the codec's.
    init(_ beacon: Beacon) {
        self.init()
        version = BeaconLimits.version
        node = Data(beacon.node.bytes)
        epoch = beacon.epoch
        sequence = beacon.sequence
        payload =
            switch beacon.payload {
            case .hello(let hello): .hello(WireHello(hello))
            case .bye: .bye(WireBye())
            case .whoHas(let question): .whoHas(WireWhoHas(question))
            case .have(let answer): .have(WireHave(answer))
            case .want(let want): .want(WireWant(want))
            case .introduction(let nodes): .introduction(.with { $0.nodes = nodes.map(WireIntroduced.init) })
            }
    }
}

extension WireHello {
    fileprivate init(_ hello: Beacon.Hello) {
        self.init()
        httpPort = UInt32(hello.httpPort)
        name = hello.name
        interval = UInt32(clamping: hello.interval.wholeMilliseconds)
        version = hello.version
        count = hello.count
        addresses = hello.addresses.map { Data($0.bytes) }
        guard let known = hello.changes else { return }
        changes = .with {
            $0.since = known.since
            $0.added = known.added.map(WireBlob.init)
            $0.removed = known.removed.map { Data($0.bytes) }
        }
    }
}

extension WireIntroduced {
    fileprivate init(_ introduced: Beacon.Introduced) {
        self.init()
        node = Data(introduced.node.bytes)
        address = Data(introduced.ip.bytes)
        httpPort = UInt32(introduced.httpPort)
        epoch = introduced.epoch
        version = introduced.version
        hops = UInt32(clamping: introduced.hops)
        age = UInt32(clamping: introduced.age.components.seconds)
    }
}

extension WireWhoHas {
    fileprivate init(_ asked: Beacon.WhoHas) {
        self.init()
        question = asked.question
        digests = asked.digests.map { Data($0.bytes) }
        references = asked.references.map(\.description)
    }
}

extension WireHave {
    fileprivate init(_ have: Beacon.Have) {
        self.init()
        question = have.question
        httpPort = UInt32(have.httpPort)
        blobs = have.blobs.map(WireBlob.init)
        references = have.references.map(WireReference.init)
    }
}

extension WireWant {
    fileprivate init(_ want: Beacon.Want) {
        self.init()
        interval = UInt32(clamping: want.interval.wholeMilliseconds)
        blobs = want.blobs.map { wanted in
            .with {
                $0.digest = Data(wanted.digest.bytes)
                $0.size = UInt64(clamping: wanted.size ?? 0)
                $0.ended = wanted.isEnded
            }
        }
    }
}

extension WireBlob {
    fileprivate init(_ entry: InventoryEntry) {
        self.init()
        digest = Data(entry.digest.bytes)
        size = UInt64(clamping: entry.size)
        unproven = !entry.isProven
    }
}

extension WireReference {
    fileprivate init(_ entry: ReferenceEntry) {
        self.init()
        reference = entry.reference.description
        digest = Data(entry.digest.bytes)
        mediaType = entry.mediaType.rawValue
        age = entry.ageSeconds
        if let version = entry.version {
            counter = version.counter
            author = Data(version.author.bytes)
        }
        deleted = entry.isDeleted
        if let subject = entry.subject { self.subject = Data(subject.bytes) }
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
