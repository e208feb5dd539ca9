import Glibc

/// The interfaces of this machine as mDNS sees them: by number, and each once.
struct LANInterfaces: Sendable {
    let interfaces: [NetworkInterface]

    static func now() -> LANInterfaces { LANInterfaces(interfaces: InterfaceCache.shared.interfaces()) }

    /// Whether what is told on this interface is told by neighbours. One that is not known yet has just come up, and is judged by its
    /// name.
    func mayHaveNeighbours(_ name: String) -> Bool {
        let known = interfaces.filter { $0.name == name }
        guard !known.isEmpty else { return name != "lo" && !NetworkInterface.isMadeForGuests(name) }
        return known.contains {
            !$0.isLoopback && !$0.isPointToPoint && ($0.hasUplink || !NetworkInterface.isMadeForGuests(name))
        }
    }

    /// The names of LAN interfaces, of those that have one of the addresses where some are given.
    func names(bearing addresses: [IPAddress]) -> Set<String> {
        Set(
            interfaces.filter { $0.isLAN && (addresses.isEmpty || addresses.contains($0.address.withoutZone)) }.map(
                \.name))
    }

    /// The kernel's numbers of them.
    func numbers(bearing addresses: [IPAddress]) -> Set<Int32> {
        Set(names(bearing: addresses).map { Int32(clamping: if_nametoindex($0)) }.filter { $0 > 0 })
    }
}

extension IPAddress {
    var withoutZone: IPAddress { IPAddress(family: family, bits: bits) }
}
