import Glibc

/// An IPv4 or IPv6 address. An IPv4 address that a dual-stack socket shows as IPv6 (`::ffff:192.0.2.1`) is the IPv4 one.
struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    enum Family: Sendable {
        case v4
        case v6

        var bitCount: Int { self == .v4 ? 32 : 128 }
    }

    let family: Family
    /// The address as a number; an IPv4 address uses the low 32 bits.
    let bits: UInt128
    /// The interface of a link-local IPv6 address, as in `fe80::1%eth0`.
    let zone: String?

    init(family: Family, bits: UInt128, zone: String? = nil) {
        if family == .v6, bits >> 32 == 0xffff {
            self.init(family: .v4, bits: bits & 0xffff_ffff)
            return
        }
        self.family = family
        self.bits = bits
        self.zone = zone
    }

    /// Nil where `literal` is neither dotted-quad IPv4 nor IPv6 (a zone after `%` allowed, brackets not).
    init?(_ literal: some StringProtocol) {
        let parts = literal.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let text = parts.first, text.utf8.count <= 45 else { return nil }
        let zone = parts.count == 2 ? String(parts[1]) : nil
        if let zone, zone.isEmpty || zone.utf8.count > 15 { return nil }

        var v4 = in_addr()
        if inet_pton(AF_INET, String(text), &v4) == 1 {
            guard zone == nil else { return nil }
            self.init(v4)
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, String(text), &v6) == 1 else { return nil }
        self.init(v6, zone: zone)
    }

    init(_ address: in_addr) {
        self.init(family: .v4, bits: UInt128(UInt32(bigEndian: address.s_addr)))
    }

    init(_ address: in6_addr, zone: String? = nil) {
        let bits = withUnsafeBytes(of: address) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
        self.init(family: .v6, bits: bits, zone: zone)
    }

    /// The first `length` bits, the others zero.
    func prefix(_ length: Int) -> UInt128 {
        guard length > 0 else { return 0 }
        let drop = family.bitCount - min(length, family.bitCount)
        return bits >> drop << drop
    }

    var isLoopback: Bool {
        switch family {
        case .v4: bits >> 24 == 127
        case .v6: bits == 1
        }
    }

    var isLinkLocal: Bool {
        switch family {
        case .v4: bits >> 16 == 0xa9fe
        case .v6: bits >> 118 == 0xfe80 >> 6
        }
    }

    /// Never the address of one sender: 0.0.0.0, ::, multicast, 255.255.255.255.
    var isSenderless: Bool {
        switch family {
        case .v4: bits == 0 || bits >> 28 == 0xe || bits == 0xffff_ffff
        case .v6: bits == 0 || bits >> 120 == 0xff
        }
    }

    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch family {
        case .v4:
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: bits).bigEndian)
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        case .v6:
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) { bytes in
                for index in 0..<16 { bytes[index] = UInt8(truncatingIfNeeded: bits >> (120 - 8 * index)) }
            }
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
        }
        let literal = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return zone.map { "\(literal)%\($0)" } ?? literal
    }
}
