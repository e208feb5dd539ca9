/// One address of one interface of this machine, and what is known of the interface.
struct NetworkInterface: Hashable, Sendable {
    var name: String
    var address: IPAddress
    var prefixLength: Int
    /// The subnet's broadcast address, where the interface can broadcast.
    var broadcast: IPAddress?
    var isUp: Bool
    var isLoopback: Bool
    /// A tunnel: there is no LAN at its other end.
    var isPointToPoint: Bool
    /// A bridge with a port that is hardware, a bond or a VLAN.
    var hasUplink: Bool

    init(
        name: String, address: IPAddress, prefixLength: Int, broadcast: IPAddress? = nil, isUp: Bool = true,
        isLoopback: Bool = false, isPointToPoint: Bool = false, hasUplink: Bool = false
    ) {
        self.name = name
        self.address = address
        self.prefixLength = prefixLength
        self.broadcast = broadcast
        self.isUp = isUp
        self.isLoopback = isLoopback
        self.isPointToPoint = isPointToPoint
        self.hasUplink = hasUplink
    }

    /// Whether neighbours on this interface are neighbours on a LAN.
    ///
    /// Not loopback, not tunnels, and not what container engines and hypervisors make: on the other side of those are this
    /// machine's own guests, who are no peers. Told by name, for the kernel knows no difference; but a bridge that carries one
    /// of those names and has an uplink has become the machine's way to its LAN, and counts.
    var isLAN: Bool {
        isUp && !isLoopback && !isPointToPoint && (hasUplink || !Self.isMadeForGuests(name))
    }

    /// The neighbours' addresses, or nil where there are none to speak of: a tunnel, or an address without a subnet, as virtual
    /// addresses and overlay networks have.
    var subnet: AddressBlock? {
        guard isLAN, prefixLength > 0, prefixLength < address.family.bitCount else { return nil }
        return AddressBlock(address, prefixLength: prefixLength)
    }

    /// Where a datagram goes that all neighbours shall hear; IPv4 only.
    var broadcastTarget: IPAddress? {
        guard subnet != nil, address.family == .v4, prefixLength <= 30 else { return nil }
        return broadcast
    }

    static func isMadeForGuests(_ name: String) -> Bool {
        if guestPrefixes.contains(where: name.hasPrefix) { return true }
        // Docker's own networks are br- and twelve hexadecimal digits; br-lan is somebody's LAN.
        if name.hasPrefix("br-") {
            let rest = name.dropFirst(3)
            return rest.utf8.count == 12 && Hex.bytes(rest) != nil
        }
        return false
    }

    private static let guestPrefixes = [
        "docker", "podman", "cni", "cbr", "flannel", "cali", "cilium", "lxc", "lxd", "incus", "virbr", "vnet", "veth",
        "tap", "tun", "kube-", "nodelocaldns", "weave", "vxlan", "antrea", "ovn", "vmnet", "dummy",
    ]
}
