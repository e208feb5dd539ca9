import Integrity

/// The secret that the nodes of a cluster share. With it beacons and peer requests are authenticated; nodes without it, or with
/// another one, are invisible. Never printed.
///
/// A file may hold several keys, so that a cluster can change its key node by node: all are accepted, the first is used.
/// To rotate, add the new key as the second one everywhere, then put it first everywhere, then remove the old one.
public struct ClusterKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// At least this many bytes of key: as many as the code made with it has.
    static let minimumBytes = 32
    static let maximumBytes = 512
    static let maximumKeys = 8

    /// One key of the file, taken apart by purpose: what is signed for one is worthless for another.
    struct Subkeys: Sendable {
        /// Names the key in public.
        let clusterID: [UInt8]
        let beacon: [UInt8]
        let request: [UInt8]
        let proof: [UInt8]

        init(secret: [UInt8]) {
            clusterID = Array(Self.derive(secret, "shoal/1 cluster id").prefix(8))
            beacon = Self.derive(secret, "shoal/1 beacon")
            request = Self.derive(secret, "shoal/1 request")
            proof = Self.derive(secret, "shoal/1 proof")
        }

        private static func derive(_ secret: [UInt8], _ purpose: String) -> [UInt8] {
            HMACSHA256.code(key: secret, Array(purpose.utf8))
        }
    }

    /// All that are accepted, the one in use first; never empty.
    let all: [Subkeys]

    /// - Parameter secrets: one to eight keys of 32 to 512 bytes, the one in use first.
    init(secrets: [[UInt8]]) throws(DiscoveryError) {
        guard !secrets.isEmpty else {
            throw DiscoveryError(.keyUnusable, "there is no key in it; write one with shoal keygen FILE")
        }
        guard secrets.count <= Self.maximumKeys else {
            throw DiscoveryError(
                .keyUnusable, "it holds \(secrets.count) keys, more than \(Self.maximumKeys); remove old ones")
        }
        for (index, secret) in secrets.enumerated()
        where secret.count < Self.minimumBytes || secret.count > Self.maximumBytes {
            throw DiscoveryError(
                .keyUnusable,
                """
                key \(index + 1) in it has \(secret.count) bytes, a key has \(Self.minimumBytes) to \
                \(Self.maximumBytes); write one with shoal keygen FILE
                """)
        }
        all = secrets.map(Subkeys.init)
    }

    /// The key that this node signs with.
    var current: Subkeys { all[0] }

    /// Eight bytes that name the key in use and give nothing of it away.
    public var clusterID: [UInt8] { current.clusterID }

    public var description: String { "ClusterKey(redacted)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
