import FoundationEssentials
import Integrity
import SwiftProtobuf

/// Between datagrams and beacons. Pure: the same bytes give the same beacon, or the same reason to drop them.
struct BeaconCodec: Sendable {
    /// Nil without a cluster key.
    let key: ClusterKey?

    /// Field 15, length-delimited, 32 bytes: how the authentication code begins. It is the last field on the wire.
    static let macHeader: [UInt8] = [15 << 3 | 2, 32]
    static let macLength = macHeader.count + 32

    // MARK: Reading

    func decode(_ datagram: [UInt8]) throws(BeaconDrop) -> Beacon {
        guard datagram.count <= BeaconLimits.datagram else { throw .oversized }
        let signed = try authenticated(datagram)
        guard let wire = Self.parse(signed.bytes) else { throw .malformed }
        guard wire.version == BeaconLimits.version else { throw .otherVersion }
        // A datagram of another cluster parses here only where no code was checked.
        guard wire.cluster.elementsEqual(signed.clusterID) else { throw .otherCluster }
        return try Beacon(wire)
    }

    private struct Authenticated {
        /// Everything that the code covers, or the whole datagram without a key.
        var bytes: [UInt8]
        var clusterID: [UInt8]
    }

    /// The bytes that a key of ours vouches for. Where there is a key, nothing of an unsigned datagram is looked at but its
    /// cluster id, and that only to tell a neighbour of another cluster from a forger.
    private func authenticated(_ datagram: [UInt8]) throws(BeaconDrop) -> Authenticated {
        guard let key else { return Authenticated(bytes: datagram, clusterID: []) }
        let split = datagram.count - Self.macLength
        if split > 0, datagram[split...].prefix(Self.macHeader.count).elementsEqual(Self.macHeader) {
            let bytes = Array(datagram[..<split])
            let mac = Array(datagram.suffix(32))
            for candidate in key.all
            where HMACSHA256.isEqual(HMACSHA256.code(key: candidate.beacon, bytes), mac) {
                return Authenticated(bytes: bytes, clusterID: candidate.clusterID)
            }
        }
        guard let wire = Self.parse(datagram) else { throw .malformed }
        let isOurs = key.all.contains { wire.cluster.elementsEqual($0.clusterID) }
        throw isOurs ? .wrongMAC : .otherCluster
    }

    private static func parse(_ bytes: [UInt8]) -> WireBeacon? {
        var options = BinaryDecodingOptions()
        // A reference in an answer in a beacon is the deepest there is.
        options.messageDepthLimit = 4
        options.discardUnknownFields = true
        return try? WireBeacon(serializedBytes: bytes, options: options)
    }

    // MARK: Writing

    /// Nil where it would be larger than `limit`.
    /// - Parameter paddedTo: the datagram gets at least this many bytes, as far as `limit` allows.
    func encode(_ beacon: Beacon, paddedTo minimum: Int = 0, limit: Int = BeaconLimits.datagram) -> [UInt8]? {
        var wire = WireBeacon(beacon)
        if let key { wire.cluster = Data(key.clusterID) }
        guard var bytes = serialized(wire) else { return nil }
        let overhead = key == nil ? 0 : Self.macLength
        let missing = min(minimum, limit) - bytes.count - overhead
        if missing > 0 {
            wire.padding = Data(count: Self.zeros(filling: missing, room: limit - bytes.count - overhead))
            guard let padded = serialized(wire) else { return nil }
            bytes = padded
        }
        if let key {
            let mac = HMACSHA256.code(key: key.current.beacon, bytes)
            bytes += Self.macHeader + mac
        }
        return bytes.count <= limit ? bytes : nil
    }

    /// How many zeros make a field of `length` bytes or a little more, and no more than `room`.
    private static func zeros(filling length: Int, room: Int) -> Int {
        // Tag and length take two bytes of it, or three from 128 zeros on, and an empty field is not sent at all.
        if length <= 129 { return max(1, length - 2) }
        return room > 130 ? max(128, length - 3) : 127
    }

    private func serialized(_ wire: WireBeacon) -> [UInt8]? {
        // Fails only for a missing required field, of which proto3 has none.
        try? wire.serializedBytes()
    }
}
