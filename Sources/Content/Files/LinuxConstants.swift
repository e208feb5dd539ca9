/// Numbers of Linux' interface whose macros do not reach Swift; the same on every architecture that Swift runs on.
enum LinuxConstants {
    /// `O_NOATIME` of open(2).
    static let noAccessTime: CInt = 0o1_000_000
    /// The bit of `O_TMPFILE` of open(2) that is not `O_DIRECTORY`.
    static let unnamedFile: CInt = 0o20_000_000
    /// `UTIME_NOW` and `UTIME_OMIT` of futimens(3).
    static let timeNow = (1 << 30) - 1
    static let timeOmitted = (1 << 30) - 2
    /// `SCHED_IDLE` of sched(7).
    static let idleScheduling: CInt = 5
}
