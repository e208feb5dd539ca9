import Discovery
public import OCI
import Registry
import Transfer

/// Something that happened, as `/api/v1/events` tells it: an object of JSON. Which fields there are depends on the type; they are only
/// ever added.
public struct Happening: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The first line: from now on nothing is missed.
        case listening
        /// A pull is over.
        case pull
        case transferBegan = "transfer_began"
        case transferEnded = "transfer_ended"
        case peerJoined = "peer_joined"
        case peerSuspect = "peer_suspect"
        case peerLeft = "peer_left"
        /// A peer's bytes were wrong, or among such.
        case blamed
        /// A name of the local namespace means something new.
        case pushed
        case removed
        /// What nothing refers to was removed from the store.
        case collected
        /// This listener was too slow for so many.
        case missed
    }

    public var schema = 1
    /// RFC 3339, by this node's clock.
    public var time: String
    public var type: Kind
    public var pull: JournalEntry?
    /// Of a peer.
    public var id: String?
    /// Of a peer, or of an image.
    public var name: String?
    public var digest: Digest?
    public var size: Int64?
    public var bytes: Int64?
    public var seconds: Double?
    public var outcome: String?
    /// Whether it is certain that the peer's bytes were wrong.
    public var convicted: Bool?
    /// The piece of the blob that was wrong, where it was looked at alone.
    public var piece: Int?
    public var blobs: Int?
    public var count: Int?

    init(_ type: Kind, at time: UTCTime = .now) {
        self.time = time.description
        self.type = type
    }
}

extension Happening {
    static func pull(_ entry: JournalEntry) -> Happening {
        var happening = Happening(.pull)
        happening.pull = entry
        return happening
    }

    static func transfer(_ event: DownloadEvent) -> Happening {
        switch event {
        case .began(let digest, let size):
            var happening = Happening(.transferBegan)
            (happening.digest, happening.size) = (digest, size)
            return happening
        case .ended(let record):
            var happening = Happening(.transferEnded)
            (happening.digest, happening.size) = (record.digest, record.size)
            happening.bytes = record.bytes.fromPeers + record.bytes.upstream
            happening.seconds = Figures.thousandths(record.seconds)
            happening.outcome = record.outcome.rawValue
            return happening
        }
    }

    static func peer(_ type: Kind, id: String, name: String?) -> Happening {
        var happening = Happening(type)
        (happening.id, happening.name) = (id, name)
        return happening
    }

    static func blamed(_ finding: BlamedPeers.Finding, name: String?) -> Happening {
        var happening = peer(.blamed, id: finding.peer.description, name: name)
        (happening.digest, happening.convicted) = (finding.digest, finding.isConvicted)
        happening.piece = finding.piece
        return happening
    }

    static func registry(_ change: RegistryChange) -> Happening {
        switch change {
        case .named(let name, let digest): return image(.pushed, name, digest)
        case .removed(let name, let digest): return image(.removed, name, digest)
        case .collected(let blobs, let bytes):
            var happening = Happening(.collected)
            (happening.blobs, happening.bytes) = (blobs, bytes)
            return happening
        }
    }

    private static func image(_ type: Kind, _ name: LocalName, _ digest: Digest) -> Happening {
        var happening = Happening(type)
        (happening.name, happening.digest) = (name.description, digest)
        return happening
    }

    static func missed(_ count: Int) -> Happening {
        var happening = Happening(.missed)
        happening.count = count
        return happening
    }
}
