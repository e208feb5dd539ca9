import OCI

/// Spool files that nobody is writing, kept for whoever asks for their blobs again: which of them stay. A value; the files are ``SpoolLeftovers``' matter.
struct LeftoverList {
    /// How many stay; the oldest go first.
    static let countLimit = 64
    /// How long one stays.
    static let ageLimit: Duration = .seconds(24 * 60 * 60)

    struct Leftover: Hashable {
        var name: SpoolName
        /// When it was written last: nanoseconds since 1970.
        var modified: Int64
        /// On the disk, which may be fewer bytes than the file is long.
        var bytes: Int64
    }

    /// The oldest first.
    private(set) var all: [Leftover] = []

    mutating func insert(_ leftover: Leftover) {
        let index = all.firstIndex { $0.modified > leftover.modified } ?? all.endIndex
        all.insert(leftover, at: index)
    }

    /// Takes the youngest of a blob's out.
    mutating func take(_ digest: Digest) -> Leftover? {
        all.lastIndex { $0.name.digest == digest }.map { all.remove(at: $0) }
    }

    /// Takes the oldest out.
    mutating func takeOldest() -> Leftover? {
        all.isEmpty ? nil : all.removeFirst()
    }

    /// Takes out those that were written last before a moment.
    mutating func takeOlder(than moment: Int64) -> [Leftover] {
        let count = all.prefix { $0.modified < moment }.count
        defer { all.removeFirst(count) }
        return Array(all.prefix(count))
    }

    /// Takes out what is more than may stay: the younger ones stay, as long as all together take at most half of the free space.
    mutating func takeExcess(free: Int64) -> [Leftover] {
        var (kept, excess): ([Leftover], [Leftover]) = ([], [])
        var bytes: Int64 = 0
        for leftover in all.reversed() {
            if kept.count < Self.countLimit, leftover.bytes <= free / 2 - bytes {
                bytes += leftover.bytes
                kept.append(leftover)
            } else {
                excess.append(leftover)
            }
        }
        all = kept.reversed()
        return excess
    }
}
