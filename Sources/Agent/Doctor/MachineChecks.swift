import Glibc
import SystemPackage

/// Disk, files and clock.
struct MachineChecks {
    /// Less free space than this and downloads soon fail.
    static let little: Int64 = 1 << 30
    /// A pull of a large image by many clients opens hundreds.
    private static let fewFiles = 4096

    private let configuration: Configuration
    private let status: StatusSnapshot?

    /// - Parameter status: nil where no agent answers.
    init(_ configuration: Configuration, _ status: StatusSnapshot?) {
        self.configuration = configuration
        self.status = status
    }

    func findings() -> [Finding] {
        [store(), spool(), files(), Self.clock(isSynchronized: Self.isClockSynchronized, now: time(nil))].compactMap(
            \.self)
    }

    private func store() -> Finding? {
        guard let free = Self.freeBytes(at: configuration.dataDirectory) else { return nil }
        let used = status?.store.bytes ?? 0
        return Self.store(
            configuration.dataDirectory, free: free, used: used, capacity: configuration.store.capacity.bytes)
    }

    static func store(_ folder: FilePath, free: Int64, used: Int64, capacity: Int64) -> Finding {
        let wanted = max(0, capacity - used)
        let state = "\(Figures.bytes(used)) of \(Figures.bytes(capacity)) used, \(Figures.bytes(free)) free on the disk"
        if free < little {
            return Finding(
                "store", .fault, "\(folder): \(state); blobs pass through without being kept",
                mend: "free some space there, or set data_dir to a larger disk")
        }
        if free < wanted {
            return Finding(
                "store", .warning, "\(folder): \(state), less than store.capacity may come to need",
                mend: "store.capacity = \"\((used + free * 9 / 10) / 1_000_000_000)GB\", or a larger disk")
        }
        return Finding("store", .ok, "\(folder): \(state)")
    }

    private func spool() -> Finding? {
        guard let spool = configuration.store.spool, let free = Self.freeBytes(at: spool), free < Self.little else {
            return nil
        }
        return Finding(
            "spool", .warning, "\(spool): \(Figures.bytes(free)) free; larger blobs cannot arrive there",
            mend: "make it larger, or set store.spool to another folder")
    }

    private func files() -> Finding? {
        guard let files = status?.node.files else { return nil }
        guard files.limit < Self.fewFiles else {
            return Finding("files", .ok, "\(files.open) of \(files.limit) open")
        }
        return Finding(
            "files", .warning, "the agent may open \(files.limit) files, \(files.open) are open",
            mend: "LimitNOFILE=65536 in the unit (systemctl edit shoal), or ulimit -n 65536 before the agent")
    }

    // MARK: The clock

    /// - Parameters:
    ///   - isSynchronized: nil where that is not known.
    ///   - now: seconds since 1970 by this machine.
    static func clock(isSynchronized: Bool?, now: Int) -> Finding {
        // Earlier than this program: no certificate of a registry is valid yet.
        guard now > 1_735_689_600 else {
            return Finding(
                "clock", .fault,
                "this machine's clock is wrong by a year or more, and registries' certificates are not valid to it",
                mend: "timedatectl set-ntp true, or date -s; between nodes of a LAN clocks do not matter")
        }
        guard let isSynchronized else {
            return Finding("clock", .ok, "set; nobody here says whether it is synchronized")
        }
        guard isSynchronized else {
            return Finding(
                "clock", .warning, "this machine's clock is not synchronized; registries' certificates depend on it",
                mend: "timedatectl set-ntp true")
        }
        return Finding("clock", .ok, "synchronized")
    }

    /// By the kernel's word, which timedatectl passes on, whoever sets the clock; nil where it is not there to be asked.
    private static var isClockSynchronized: Bool? {
        guard let pipe = popen("exec timeout 3 timedatectl show --property=NTPSynchronized --value 2>/dev/null", "re")
        else { return nil }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, CInt(line.count), pipe) != nil else { return nil }
        return line.starts(with: "yes".utf8.map { CChar($0) })
    }

    /// - Returns: nil where there is no such folder, nor one above it.
    static func freeBytes(at folder: FilePath) -> Int64? {
        var folder = folder
        var state = statvfs()
        while folder.withPlatformString({ statvfs($0, &state) }) != 0 {
            guard folder.removeLastComponent() else { return nil }
        }
        return Int64(clamping: UInt64(state.f_bavail) * UInt64(state.f_frsize))
    }
}
