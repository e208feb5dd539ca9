/// The LANs that this machine is on, as its interfaces tell: who is a neighbour, and where a datagram goes that all of them shall hear.
struct Neighbourhood: Sendable, Equatable {
    private struct Subnet: Hashable, Sendable {
        var block: AddressBlock
        /// Every interface has the same link-local subnet; the name tells which one an address is on.
        var interface: String
    }

    private let subnets: Set<Subnet>
    /// Subnets' broadcast addresses.
    let broadcasts: Set<IPAddress>
    /// Names of the interfaces that the IPv6 group is joined on.
    let multicastInterfaces: Set<String>
    /// What peers may find this node at, the most useful first.
    let ownAddresses: [IPAddress]

    init(_ interfaces: [NetworkInterface]) {
        subnets = Set(interfaces.compactMap { one in one.subnet.map { Subnet(block: $0, interface: one.name) } })
        broadcasts = Set(interfaces.compactMap(\.broadcastTarget))
        // Its own link-local address is what IPv6 on a link begins with.
        multicastInterfaces = Set(
            interfaces.filter { $0.isLAN && $0.address.family == .v6 && $0.address.isLinkLocal }.map(\.name))
        ownAddresses = interfaces.filter { $0.isLAN && !$0.address.isLinkLocal }.map(\.address)
    }

    static func now() -> Neighbourhood { InterfaceCache.shared.neighbourhood() }

    func contains(_ address: IPAddress) -> Bool {
        guard !address.isLoopback else { return false }
        return subnets.contains { subnet in
            subnet.block.contains(address) && (address.zone == nil || address.zone == subnet.interface)
        }
    }

    /// Datagrams that one message to everybody takes.
    func targets(port: Int) -> [BeaconTarget] {
        let groups = multicastInterfaces.map { BeaconSocket.group.inZone($0) }
        return (broadcasts + groups).map { BeaconTarget(ip: $0, port: port) }
    }
}
