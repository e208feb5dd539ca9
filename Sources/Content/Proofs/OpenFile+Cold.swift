import Glibc

extension OpenFile {
    /// How many places of a file are looked at.
    private static let probes: Int64 = 8

    /// Whether most of the file is on the disk only: then reading it should not push out what others need.
    var isCold: Bool {
        guard let size = try? size(), size > 0 else { return false }
        // Mapped and never touched: only whether its pages are there is asked.
        guard let map = mmap(nil, Int(size), PROT_READ, MAP_SHARED, descriptor, 0), map != MAP_FAILED else {
            return false
        }
        defer { munmap(map, Int(size)) }
        let page = Int64(sysconf(CInt(_SC_PAGESIZE)))
        let missing = (0..<Self.probes).count { probe in
            let offset = (size - 1) * probe / (Self.probes - 1) / page * page
            var isThere: UInt8 = 1
            return mincore(map + Int(offset), 1, &isThere) == 0 && isThere & 1 == 0
        }
        return missing * 2 > Int(Self.probes)
    }
}
