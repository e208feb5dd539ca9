/// When files that belong together are read again, and when it is told that they are of no use.
///
/// Two files are never changed in one step. What cannot be used is tried again at every look, because not the files but the machine may
/// be what is wrong, and told once: when nothing has changed from one look to the next.
struct ReloadPlan<Version: Equatable & Sendable>: Sendable {
    /// What is in use.
    private var used: Version
    /// What could not be used at the last look, and whether that has been told.
    private var failing: (version: Version, isTold: Bool)?

    init(using version: Version) {
        used = version
    }

    /// Whether a version is to be read.
    mutating func wants(_ version: Version) -> Bool {
        guard version == used else { return true }
        failing = nil
        return false
    }

    /// It was read, and is in use.
    mutating func loaded(_ version: Version) {
        used = version
        failing = nil
    }

    /// It was read, and cannot be used.
    /// - Returns: whether that is to be told.
    mutating func failed(_ version: Version) -> Bool {
        guard let last = failing, last.version == version else {
            failing = (version, false)
            return false
        }
        failing = (version, true)
        return !last.isTold
    }
}
