import Glibc
import SystemPackage

/// Those checks that cost nothing, for the warnings of `shoal status`.
extension MachineChecks {
    /// One sentence for each thing that keeps an agent from its work.
    static func warnings(of folder: FilePath, files: FileUsage?) -> [String] {
        warnings(folder, free: freeBytes(at: folder), files: files, now: time(nil))
    }

    /// - Parameters:
    ///   - free: bytes on the disk of `folder`; nil where nobody knows.
    ///   - now: seconds since 1970 by this machine.
    static func warnings(_ folder: FilePath, free: Int64?, files: FileUsage?, now: Int) -> [String] {
        var warnings: [String] = []
        if let free, free < little {
            warnings.append(
                "\(folder): \(Figures.bytes(free)) free on the disk, so blobs may pass through without being kept; "
                    + "free some space there, or set data_dir to a larger disk")
        }
        if let files, files.open > files.limit / 10 * 9 {
            warnings.append(
                "\(files.open) of \(files.limit) files are open, and with no more of them pulls fail: "
                    + "LimitNOFILE=65536 in the unit (systemctl edit shoal)")
        }
        let clock = Self.clock(isSynchronized: nil, now: now)
        if clock.verdict != .ok {
            warnings.append([clock.message, clock.mend].compactMap(\.self).joined(separator: ": "))
        }
        return warnings
    }
}
