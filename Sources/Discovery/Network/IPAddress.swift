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
        let isMapped = family == .v6 && bits >> 32 == 0xffff
        self.family = isMapped ? .v4 : family
        self.bits = isMapped ? bits & 0xffff_ffff : bits
        self.zone = isMapped ? nil : zone
    }

    /// Nil where `literal` is neither dotted-quad IPv4 nor IPv6 (a zone after `%` allowed, brackets not).
    init?(_ literal: some StringProtocol) {
        let parts = literal.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let text = parts.first, text.utf8.count <= 45 else { return nil }
        let zone = parts.count == 2 ? String(parts[1]) : nil
        if let zone, zone.isEmpty || zone.utf8.count > 15 { return nil }

        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, String(text), &bytes) == 1 {
            guard zone == nil else { return nil }
            self.init(family: .v4, bytes: bytes.prefix(4))
        } else if inet_pton(AF_INET6, String(text), &bytes) == 1 {
            self.init(family: .v6, bytes: bytes, zone: zone)
        } else {
            return nil
        }
    }

    /// - Parameter bytes: in network order.
    init(family: Family, bytes: some Sequence<UInt8>, zone: String? = nil) {
        self.init(family: family, bits: bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }, zone: zone)
    }

    /// Nil where it is the address of something else than IP.
    ///
    /// Read by offset, which are Linux's ABI: `sockaddr_in` is declared by several C modules of the packages used here, and which of
    /// them Swift takes it from differs from build to build.
    init?(_ socketAddress: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(socketAddress)
        switch CInt(raw.load(as: sa_family_t.self)) {
        case AF_INET: self.init(family: .v4, bytes: UnsafeRawBufferPointer(start: raw + 4, count: 4))
        case AF_INET6:
            let scope = raw.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
            let plain = IPAddress(family: .v6, bytes: UnsafeRawBufferPointer(start: raw + 8, count: 16))
            self = plain.isLinkLocal && scope != 0 ? Self.zoneName(scope).map(plain.inZone) ?? plain : plain
        default: return nil
        }
    }

    private static func zoneName(_ index: UInt32) -> String? {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(index, &name) != nil else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The kernel's number of the zone; 0 where there is none, or no such interface.
    var scope: UInt32 { zone.map { if_nametoindex($0) } ?? 0 }

    /// In network order.
    var bytes: [UInt8] {
        let width = family.bitCount
        return stride(from: width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> $0) }
    }

    func inZone(_ zone: String) -> IPAddress { IPAddress(family: family, bits: bits, zone: zone) }

    /// The first `length` bits, the others zero.
    func prefix(_ length: Int) -> UInt128 {
        guard length > 0 else { return 0 }
        let drop = family.bitCount - min(length, family.bitCount)
        return (bits >> drop) << drop
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
        inet_ntop(family == .v4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        let literal = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return zone.map { "\(literal)%\($0)" } ?? literal
    }
}
