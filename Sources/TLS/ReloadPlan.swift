/// When files that belong together are read again, and when it is told that they are of no use.
///
/// Two files are never changed in one step. What cannot be used is tried once more at the next look, and told only if nothing has
/// changed until then.
struct ReloadPlan<Version: Equatable & Sendable>: Sendable {
    /// What is in use, or has been told to be of no use.
    private var settled: Version
    /// What could not be used at the last look.
    private var failing: Version?

    init(using version: Version) {
        settled = version
    }

    /// Whether a version is to be read.
    func wants(_ version: Version) -> Bool { version != settled }

    /// It was read, and is in use.
    mutating func loaded(_ version: Version) {
        settled = version
        failing = nil
    }

    /// It was read, and cannot be used.
    /// - Returns: whether that is to be told.
    mutating func failed(_ version: Version) -> Bool {
        guard failing == version else {
            failing = version
            return false
        }
        settled = version
        failing = nil
        return true
    }
}
