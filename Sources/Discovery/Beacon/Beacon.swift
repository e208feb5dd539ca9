import OCI

/// A datagram that says something that can be so: every field has been checked.
struct Beacon: Equatable, Sendable {
    enum Payload: Equatable, Sendable {
        case hello(Hello)
        case bye
        case whoHas(WhoHas)
        case have(Have)
        case want(Want)
        case introduction([Introduced])
    }

    struct Hello: Equatable, Sendable {
        var httpPort: UInt16
        var name: String
        /// Until the next one, without jitter.
        var interval: Duration
        /// Of the inventory.
        var version: UInt64
        var count: UInt64
        var changes: InventoryState.Changes?
        /// Where else the sender may be found.
        var addresses: [IPAddress] = []
    }

    /// A node that another one tells of.
    struct Introduced: Equatable, Sendable {
        var node: NodeID
        var ip: IPAddress
        var httpPort: UInt16
        var epoch: UInt64
        /// Of its inventory.
        var version: UInt64
        /// From the node itself to here.
        var hops: Int
        /// Since it was heard.
        var age: Duration
    }

    struct WhoHas: Equatable, Sendable {
        /// Chosen at random; answers repeat it.
        var question: UInt64
        var digests: [Digest]
        var references: [ImageReference]
    }

    struct Have: Equatable, Sendable {
        var question: UInt64
        var httpPort: UInt16
        var blobs: [InventoryEntry]
        var references: [ReferenceEntry]
    }

    /// What the sender is fetching now, as far as it fits; other datagrams may tell of more.
    struct Want: Equatable, Sendable {
        var blobs: [Wanted]
        /// Until it is said again, without jitter.
        var interval: Duration
    }

    struct Wanted: Equatable, Sendable {
        var digest: Digest
        /// Bytes; nil where the sender does not know it.
        var size: Int64?
        /// Done, or given up.
        var isEnded = false
    }

    var node: NodeID
    var epoch: UInt64
    var sequence: UInt64
    var payload: Payload
}

/// What bounds a datagram; docs/protocol.md gives these figures to other implementations.
enum BeaconLimits {
    static let version: UInt32 = 1
    /// Fits any MTU that a LAN has, with room for IP and UDP and a tunnel around them.
    static let datagram = 1200
    static let name = 64
    static let changes = 32
    static let askedDigests = 16
    static let askedReferences = 4
    static let answeredBlobs = 16
    static let answeredReferences = 4
    static let addresses = 8
    /// More do not fit, however short they are.
    static let wanted = 32
    static let introduced = 14
    /// Two LANs with a third between them, and no more.
    static let hops = 3
    /// Of an introduced node; one that is silent for longer is not introduced.
    static let silence = Duration.seconds(600)
    static let reference = 512
    static let mediaType = 128
    /// What the answer on a name of the local namespace has beside: version, deletion and subject.
    static let localName = 96
    static let shortestInterval = Duration.seconds(1)
    static let longestInterval = Duration.seconds(60)
    /// A blob of 1 PiB is a lie.
    static let blobSize: UInt64 = 1 << 50
    /// A century.
    static let age: UInt64 = 100 * 365 * 86_400
}
