/// Which bytes of a blob are here, and whose they are: disjoint ranges in ascending order, neighbours of one origin merged.
///
/// A value without I/O. Operations cost O(n) in the number of ranges, which stays near the number of runs that wrote them.
struct ExtentMap: Equatable, Sendable {
    /// Who sent the bytes of a range. Upstream's own may go to readers at once; a peer's wait for the whole digest.
    enum Provenance: Hashable, Sendable {
        case upstream
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
        var result: [Extent] = []
        result.reserveCapacity(extents.count + 2)
        var new = Extent(range: range, provenance: provenance)
        var placed = false
        for extent in extents {
            if extent.range.upperBound < new.range.lowerBound {
                result.append(extent)
            } else if extent.range.lowerBound > new.range.upperBound {
                if !placed {
                    result.append(new)
                    placed = true
                }
                result.append(extent)
            } else if extent.provenance == provenance {
                let lower = min(extent.range.lowerBound, new.range.lowerBound)
                let upper = max(extent.range.upperBound, new.range.upperBound)
                new.range = lower..<upper
            } else {
                // What sticks out of the new range keeps its own provenance.
                if extent.range.lowerBound < range.lowerBound {
                    result.append(
                        Extent(range: extent.range.lowerBound..<range.lowerBound, provenance: extent.provenance))
                }
                if extent.range.upperBound > range.upperBound {
                    if !placed {
                        result.append(new)
                        placed = true
                    }
                    result.append(
                        Extent(range: range.upperBound..<extent.range.upperBound, provenance: extent.provenance))
                }
            }
        }
        if !placed { result.append(new) }
        extents = result
    }

    /// Forgets every byte that `provenance` sent.
    mutating func removeAll(from provenance: Provenance) {
        extents.removeAll { $0.provenance == provenance }
    }

    /// Marks `range` as missing.
    mutating func remove(_ range: Range<Int64>) {
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
    /// - Parameter provenance: count only bytes sent by it; nil counts all.
    func end(from offset: Int64, provenance: Provenance? = nil) -> Int64 {
        var end = offset
        for extent in extents where extent.range.upperBound > end {
            guard extent.range.lowerBound <= end else { break }
            guard provenance == nil || extent.provenance == provenance else { break }
            end = extent.range.upperBound
        }
        return end
    }

    /// The first missing range at or after `offset` and before `limit`.
    func firstGap(from offset: Int64, before limit: Int64, provenance: Provenance? = nil) -> Range<Int64>? {
        let start = end(from: offset, provenance: provenance)
        guard start < limit else { return nil }
        let next =
            extents.first { $0.range.lowerBound >= start && (provenance == nil || $0.provenance == provenance) }?
            .range.lowerBound ?? limit
        return start..<min(next, limit)
    }

    /// The part of the map that `provenance` sent.
    func only(_ provenance: Provenance) -> ExtentMap {
        var map = ExtentMap()
        map.extents = extents.filter { $0.provenance == provenance }
        return map
    }

    func contains(_ range: Range<Int64>) -> Bool {
        end(from: range.lowerBound) >= range.upperBound
    }
}
