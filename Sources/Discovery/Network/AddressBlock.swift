/// A CIDR: an address and how many of its first bits count.
struct AddressBlock: Hashable, Sendable, CustomStringConvertible {
    let address: IPAddress
    let prefixLength: Int

    init(_ address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// Parses `192.0.2.0/24` and `2001:db8::/32`; an address alone is a block of one. Nil for anything else.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]), address.zone == nil else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefixLength: address.family.bitCount)
            return
        }
        guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(parts[1]), length <= address.family.bitCount
        else { return nil }
        self.init(address, prefixLength: length)
    }

    func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && other.prefix(prefixLength) == address.prefix(prefixLength)
    }

    var description: String { "\(address)/\(prefixLength)" }

    /// RFC 1918, RFC 4193 and link-local of both families.
    static let privateBlocks = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10",
    ].compactMap { AddressBlock($0) }
}
