import Glibc

/// The interfaces of this machine, as the kernel lists them now. The one place that calls getifaddrs.
enum InterfaceScan {
    static func now() -> [NetworkInterface] {
        var head: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&head) == 0 else { return [] }
        defer { freeifaddrs(head) }
        var uplinks: [String: Bool] = [:]
        return sequence(first: head, next: { $0?.pointee.ifa_next }).compactMap { entry in
            guard let entry, let sockaddr = entry.pointee.ifa_addr else { return nil }
            let name = String(cString: entry.pointee.ifa_name)
            let flags = Int32(bitPattern: entry.pointee.ifa_flags)
            guard let address = address(sockaddr, interface: name),
                let mask = entry.pointee.ifa_netmask.flatMap({ Self.address($0, interface: nil) })
            else { return nil }
            let canBroadcast = flags & Int32(IFF_BROADCAST.rawValue) != 0
            let hasUplink = uplinks[name] ?? Self.hasUplink(bridge: name)
            uplinks[name] = hasUplink
            return NetworkInterface(
                name: name,
                address: address,
                prefixLength: mask.bits.nonzeroBitCount,
                // A union with the far end's address: which one it is, the flag says.
                broadcast: canBroadcast ? entry.pointee.ifa_ifu.ifu_broadaddr.flatMap { Self.address($0, interface: nil) } : nil,
                isUp: flags & Int32(IFF_UP.rawValue) != 0 && flags & Int32(IFF_RUNNING.rawValue) != 0,
                isLoopback: flags & Int32(IFF_LOOPBACK.rawValue) != 0,
                isPointToPoint: flags & Int32(IFF_POINTOPOINT.rawValue) != 0,
                hasUplink: hasUplink)
        }
    }

    private static func address(_ sockaddr: UnsafeMutablePointer<sockaddr>, interface: String?) -> IPAddress? {
        switch Int32(sockaddr.pointee.sa_family) {
        case AF_INET:
            return sockaddr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { IPAddress($0.pointee.sin_addr) }
        case AF_INET6:
            return sockaddr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                let address = IPAddress($0.pointee.sin6_addr)
                return address.isLinkLocal ? IPAddress($0.pointee.sin6_addr, zone: interface) : address
            }
        default:
            return nil
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
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
