import FoundationEssentials

/// Writes a JSON document with a long list of which little changes between one time and the next: what an encoder made of an element, which
/// takes it 20 µs, is remembered while the list has it.
public struct LongList<Element: Hashable & Sendable, Entry: Encodable>: Sendable {
    private var known: [Element: [UInt8]] = [:]
    private let encoder = JSONEncoder()
    private let entry: @Sendable (Element) -> Entry

    /// - Parameter entry: what stands in the document for an element, the same for the same element.
    public init(_ entry: @escaping @Sendable (Element) -> Entry) {
        self.entry = entry
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// A document's bytes; the same document has the same bytes.
    /// - Parameters:
    ///   - elements: what the list begins with.
    ///   - document: the document, with what the list ends with. The list must be its first key.
    public mutating func write(_ elements: [Element], into document: some Encodable, as key: String) throws -> [UInt8] {
        let rest = try encoder.encode(document)
        let opening = Array(#"{"\#(key)":["#.utf8)
        precondition(rest.starts(with: opening))
        var bytes = opening
        bytes.reserveCapacity(rest.count + 320 * elements.count)
        for (place, element) in elements.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += try encoded(element)
        }
        let isAll = rest[opening.count] == UInt8(ascii: "]")
        if !elements.isEmpty, !isAll { bytes.append(UInt8(ascii: ",")) }
        bytes += rest.dropFirst(opening.count)
        if known.count > 2 * elements.count {
            let current = Set(elements)
            known = known.filter { current.contains($0.key) }
        }
        return bytes
    }

    private mutating func encoded(_ element: Element) throws -> [UInt8] {
        if let bytes = known[element] { return bytes }
        let bytes = Array(try encoder.encode(entry(element)))
        known[element] = bytes
        return bytes
    }
}
