import FoundationEssentials
import Glibc

/// The interfaces of this machine, as the kernel lists them now. The one place that calls getifaddrs.
enum InterfaceScan {
    static func now() -> [NetworkInterface] {
        var head: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&head) == 0 else { return [] }
        defer { freeifaddrs(head) }
        var uplinks: [String: Bool] = [:]
        return sequence(first: head, next: { $0?.pointee.ifa_next }).compactMap { entry -> NetworkInterface? in
            guard let entry, let sockaddr = entry.pointee.ifa_addr else { return nil }
            let name = String(cString: entry.pointee.ifa_name)
            let flags = Int32(bitPattern: entry.pointee.ifa_flags)
            guard let address = IPAddress(sockaddr),
                let mask = entry.pointee.ifa_netmask.flatMap({ IPAddress($0) })
            else { return nil }
            let canBroadcast = flags & Int32(IFF_BROADCAST) != 0
            let hasUplink = uplinks[name] ?? Self.hasUplink(bridge: name)
            uplinks[name] = hasUplink
            return NetworkInterface(
                name: name,
                address: address.family == .v6 && address.isLinkLocal ? address.inZone(name) : address,
                prefixLength: mask.bits.nonzeroBitCount,
                // A union with the far end's address: which one it is, the flag says.
                broadcast: canBroadcast ? entry.pointee.ifa_ifu.ifu_broadaddr.flatMap { IPAddress($0) } : nil,
                isUp: flags & Int32(IFF_UP) != 0 && flags & Int32(IFF_RUNNING) != 0,
                isLoopback: flags & Int32(IFF_LOOPBACK) != 0,
                isPointToPoint: flags & Int32(IFF_POINTOPOINT) != 0,
                hasUplink: hasUplink)
        }
    }

    /// Whether one of the bridge's ports leads out of this machine. False for what is no bridge.
    private static func hasUplink(bridge: String) -> Bool {
        entries(of: "/sys/class/net/\(bridge)/brif").contains { port in
            let folder = "/sys/class/net/\(port)"
            return access("\(folder)/device", F_OK) == 0 || access("\(folder)/bonding", F_OK) == 0
                || entries(of: folder).contains { $0.hasPrefix("lower_") }
        }
    }

    private static func entries(of folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}
