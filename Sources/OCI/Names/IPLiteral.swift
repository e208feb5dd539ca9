/// An IP address written out: dotted quad, or RFC 4291 §2.2. Printed as RFC 5952 wants it.
///
/// Parsed here and not by `inet_aton`, which takes `127.1`, `0x7f000001` and `017700000001` for loopback too.
enum IPLiteral: Hashable, CustomStringConvertible {
    case v4(UInt32)
    case v6([UInt16])

    init?(v4 bytes: some Collection<UInt8>) {
        let parts = bytes.split(separator: .dot, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            // A leading zero means octal to some readers and decimal to others.
            guard part.count <= 3, part.count == 1 || part.first != UInt8(ascii: "0"),
                let value = part.decimal, value <= 255
            else { return nil }
            address = address << 8 | UInt32(value)
        }
        self = .v4(address)
    }

    /// Parses an IPv6 address without brackets; zones (`%eth0`) mean nothing to anybody else and are refused.
    init?(v6 bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count <= 45 else { return nil }
        let gap = zip(bytes, bytes.dropFirst()).enumerated().first { $1 == (.colon, .colon) }?.offset
        guard let gap else {
            guard let groups = Self.groups(bytes[...], mayEndInV4: true), groups.count == 8 else { return nil }
            self = .v6(groups)
            return
        }
        guard let before = Self.groups(bytes[..<gap], mayEndInV4: false),
            let after = Self.groups(bytes[(gap + 2)...], mayEndInV4: true),
            before.count + after.count < 8
        else { return nil }
        self = .v6(before + Array(repeating: 0, count: 8 - before.count - after.count) + after)
    }

    private static func groups(_ bytes: ArraySlice<UInt8>, mayEndInV4: Bool) -> [UInt16]? {
        guard !bytes.isEmpty else { return [] }
        let parts = bytes.split(separator: .colon, omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, case .v4(let address)? = IPLiteral(v4: part) {
                groups += [UInt16(address >> 16), UInt16(truncatingIfNeeded: address)]
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt16 = 0
            for digit in part {
                guard let value = digit.hexValue else { return nil }
                group = group << 4 | UInt16(value)
            }
            groups.append(group)
        }
        return groups
    }

    var description: String {
        switch self {
        case .v4(let address):
            return stride(from: 24, through: 0, by: -8).map { String(address >> UInt32($0) & 255) }
                .joined(separator: ".")
        case .v6(let groups):
            if let mapped { return "::ffff:\(IPLiteral.v4(mapped))" }
            let hex = groups.map { String($0, radix: 16) }
            guard let zeros = Self.longestZeros(groups) else { return hex.joined(separator: ":") }
            return hex[..<zeros.lowerBound].joined(separator: ":") + "::"
                + hex[zeros.upperBound...].joined(separator: ":")
        }
    }

    /// The leftmost longest run of at least two zero groups: what `::` stands for.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start >= 2, end - start > longest?.count ?? 0 { longest = start..<end }
            start = end + 1
        }
        return longest
    }

    /// The IPv4 address inside `::ffff:0:0/96`.
    private var mapped: UInt32? {
        guard case .v6(let groups) = self, groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff else { return nil }
        return UInt32(groups[6]) << 16 | UInt32(groups[7])
    }

    /// Whether a connection to it ends on this machine; Linux takes the unspecified address for one too.
    var isLoopback: Bool {
        switch self {
        case .v4(let address): address >> 24 == 127 || address == 0
        case .v6(let groups):
            mapped.map { IPLiteral.v4($0).isLoopback } ?? (groups[..<7].allSatisfy { $0 == 0 } && groups[7] <= 1)
        }
    }

    /// 169.254.0.0/16 or fe80::/10.
    var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address >> 16 == 0xa9fe
        case .v6(let groups): mapped.map { IPLiteral.v4($0).isLinkLocal } ?? (groups[0] & 0xffc0 == 0xfe80)
        }
    }
}
