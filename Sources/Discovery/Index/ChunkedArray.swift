/// An array that grows by pieces: growing copies nothing, and no more than a piece of it is empty. A plain array doubles, and needs
/// three times its size while it does.
struct ChunkedArray<Element: Sendable>: Sendable {
    private static var shift: Int { 13 }
    private static var mask: Int { 1 << shift - 1 }

    private let filler: Element
    private var chunks: [[Element]] = []
    private(set) var count = 0

    /// Bytes that it takes.
    var footprint: Int { (chunks.count << Self.shift) * MemoryLayout<Element>.stride }

    /// - Parameter filler: stands in places that were not written yet.
    init(filler: Element) {
        self.filler = filler
    }

    subscript(index: Int) -> Element {
        get { chunks[index >> Self.shift][index & Self.mask] }
        set { chunks[index >> Self.shift][index & Self.mask] = newValue }
    }

    mutating func append(_ element: Element) {
        if count & Self.mask == 0 { chunks.append(Array(repeating: filler, count: Self.mask + 1)) }
        self[count] = element
        count += 1
    }
}
