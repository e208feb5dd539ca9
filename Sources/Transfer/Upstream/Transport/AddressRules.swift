import NIOCore

/// Which addresses an upstream must not have unless the operator named it: those that only mean something on this machine
/// or link, and where services listen that trust whoever comes from there.
enum AddressRules {
    /// Judged by how it is written, before anything is resolved.
    static func isForbidden(host: String) -> Bool {
        if isLoopback(host: host) { return true }
        return literal(host).map(isForbidden) ?? false
    }

    /// `localhost`, names under it, and loopback addresses.
    static func isLoopback(host: String) -> Bool {
        let name = host.lowercased()
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        return literal(name).map { isLoopback(bytes(of: $0)) } ?? false
    }

    /// Judged by the address that a connection really has, so that a name cannot resolve to something else later.
    static func isForbidden(_ address: SocketAddress) -> Bool {
        let bytes = bytes(of: address)
        switch bytes.count {
        case 4: return isLoopback(bytes) || bytes[0] == 0 || (bytes[0] == 169 && bytes[1] == 254)
        case 16:
            let isLinkLocal = bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
            return isLoopback(bytes) || isLinkLocal || bytes.allSatisfy { $0 == 0 }
        default: return true
        }
    }

    private static func isLoopback(_ bytes: [UInt8]) -> Bool {
        switch bytes.count {
        case 4: bytes[0] == 127
        case 16: bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
        default: false
        }
    }

    private static func literal(_ host: String) -> SocketAddress? {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return try? SocketAddress(ipAddress: isBracketed ? String(host.dropFirst().dropLast()) : host, port: 0)
    }

    /// The address's bytes, which stand behind family and port (and, in IPv6, the flow) in the system's structures.
    ///
    /// An IPv4 address in IPv6's clothes is one of IPv4. Empty for a unix socket.
    private static func bytes(of address: SocketAddress) -> [UInt8] {
        switch address {
        case .v4(let v4):
            return withUnsafeBytes(of: v4.address) { Array($0[4..<8]) }
        case .v6(let v6):
            let bytes = withUnsafeBytes(of: v6.address) { Array($0[8..<24]) }
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
            return isMapped ? Array(bytes.suffix(4)) : bytes
        case .unixDomainSocket:
            return []
        }
    }
}
