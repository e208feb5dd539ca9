#if canImport(Glibc)
    import Glibc
#endif

/// The wall clock, for what must outlive a restart: when upstream last said what a tag means. It may be wrong on edge nodes;
/// nothing about trust hangs on it.
public enum WallClock {
    /// Seconds since 1970.
    public static var now: Int64 { Int64(time(nil)) }
}
