import NIOCore

extension SocketAddress {
    /// Whether it is this machine's own: 127.0.0.0/8 or `::1`.
    var isLoopback: Bool {
        // An address's bytes stand behind family and port (and, in IPv6, the flow) in the system's structures.
        switch self {
        case .unixDomainSocket: false
        case .v4(let address): withUnsafeBytes(of: address.address) { $0[4] == 127 }
        case .v6(let address): withUnsafeBytes(of: address.address) { Self.isLoopback(Array($0[8..<24])) }
        }
    }

    /// `::1`, or 127.0.0.0/8 as IPv6 sockets have it.
    private static func isLoopback(_ bytes: [UInt8]) -> Bool {
        guard bytes[..<10].allSatisfy({ $0 == 0 }) else { return false }
        if bytes[10] == 0xff, bytes[11] == 0xff { return bytes[12] == 127 }
        return bytes[10..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }
}
