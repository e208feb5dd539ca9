/// Which bytes of a blob are here, and whose they are: disjoint ranges in ascending order, neighbours of one origin merged.
///
/// A value without I/O. Operations cost O(n) in the number of ranges, which stays near the number of runs that wrote them.
struct ExtentMap: Equatable, Sendable {
    /// Who sent the bytes of a range, and what is known of them.
    enum Provenance: Hashable, Sendable {
        case upstream
        /// A peer's, and what was claimed of them.
        case checked
        /// A peer's.
        case peer
    }

    struct Extent: Equatable, Sendable {
        var range: Range<Int64>
        var provenance: Provenance
    }

    private(set) var extents: [Extent] = []

    /// How many bytes are here.
    var count: Int64 { extents.reduce(0) { $0 + $1.range.upperBound - $1.range.lowerBound } }

    /// Marks `range` as here and sent by `provenance`, whoever sent it before.
    mutating func insert(_ range: Range<Int64>, from provenance: Provenance) {
        guard !range.isEmpty else { return }
        remove(range)
        let index = extents.firstIndex { $0.range.lowerBound >= range.upperBound } ?? extents.endIndex
        extents.insert(Extent(range: range, provenance: provenance), at: index)
        merge(at: index + 1)
        merge(at: index)
    }

    /// Joins an extent to the one before it where they touch and are of one origin.
    private mutating func merge(at index: Int) {
        guard extents.indices.contains(index), index > 0 else { return }
        let (left, right) = (extents[index - 1], extents[index])
        guard left.range.upperBound == right.range.lowerBound, left.provenance == right.provenance else { return }
        extents[index - 1].range = left.range.lowerBound..<right.range.upperBound
        extents.remove(at: index)
    }

    /// Forgets every byte that `provenance` sent.
    mutating func removeAll(from provenance: Provenance) {
        extents.removeAll { $0.provenance == provenance }
    }

    /// Marks `range` as missing.
    mutating func remove(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        extents = extents.flatMap { extent in
            [
                Extent(range: extent.range.clamped(to: .min..<range.lowerBound), provenance: extent.provenance),
                Extent(range: extent.range.clamped(to: range.upperBound..<(.max)), provenance: extent.provenance),
            ].filter { !$0.range.isEmpty }
        }
    }

    mutating func removeAll() {
        extents.removeAll()
    }

    /// The end of the unbroken run of bytes that begins at `offset`; `offset` itself where that byte is missing.
    /// - Parameter counts: which origins count.
    func end(from offset: Int64, where counts: (Provenance) -> Bool = { _ in true }) -> Int64 {
        var end = offset
        for extent in extents where extent.range.upperBound > end {
            guard extent.range.lowerBound <= end else { break }
            guard counts(extent.provenance) else { break }
            end = extent.range.upperBound
        }
        return end
    }

    /// The first missing range at or after `offset` and before `limit`.
    func firstGap(
        from offset: Int64, before limit: Int64, where counts: (Provenance) -> Bool = { _ in true }
    ) -> Range<Int64>? {
        let start = end(from: offset, where: counts)
        guard start < limit else { return nil }
        let next =
            extents.first { $0.range.lowerBound >= start && counts($0.provenance) }?.range.lowerBound ?? limit
        return start..<min(next, limit)
    }

    /// The part of the map whose origin counts.
    func only(_ counts: (Provenance) -> Bool) -> ExtentMap {
        var map = ExtentMap()
        map.extents = extents.filter { counts($0.provenance) }
        return map
    }

    /// The origins of what is here of a range.
    func origins(in range: Range<Int64>) -> Set<Provenance> {
        Set(extents.filter { $0.range.overlaps(range) }.map(\.provenance))
    }

    /// Bytes of one origin are known to be of another.
    mutating func turn(_ old: Provenance, into new: Provenance, in range: Range<Int64>) {
        for extent in extents where extent.provenance == old && extent.range.overlaps(range) {
            insert(extent.range.clamped(to: range), from: new)
        }
    }

    /// Forgets the bytes of a range that `provenance` sent.
    mutating func remove(_ range: Range<Int64>, from provenance: Provenance) {
        for extent in extents where extent.provenance == provenance && extent.range.overlaps(range) {
            remove(extent.range.clamped(to: range))
        }
    }

    func contains(_ range: Range<Int64>) -> Bool {
        end(from: range.lowerBound) >= range.upperBound
    }
}
