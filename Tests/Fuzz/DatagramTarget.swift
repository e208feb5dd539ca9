import Integrity

/// One datagram, without and with a key.
enum DatagramTarget: FuzzTarget {
    private static let open = BeaconCodec(key: nil)
    private static let closed = BeaconCodec(key: try? ClusterKey(secrets: [[UInt8](repeating: 1, count: 32)]))

    static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        check(bytes, open)
        check(bytes, closed)
        // A holder of the key may be the one who sends nonsense.
        if let key = closed.key {
            check(bytes + BeaconCodec.macHeader + HMACSHA256.code(key: key.current.beacon, bytes), closed)
        }
    }

    private static func check(_ datagram: [UInt8], _ codec: BeaconCodec) {
        guard let beacon = try? codec.decode(datagram) else { return }
        require(datagram.count <= BeaconLimits.datagram, "an oversized datagram was taken")
        // What another implementation writes may be shorter than what this one does.
        guard let written = codec.encode(beacon) else { return }
        guard let read = try? codec.decode(written) else { fail("what was written cannot be read: \(beacon)") }
        require(read == beacon, "what was written reads otherwise: \(beacon), then \(read)")
    }
}
