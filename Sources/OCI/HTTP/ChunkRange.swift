/// Where a chunk of an upload belongs: the `Content-Range` of the distribution specification ("Pushing a blob in chunks"), which is not that
/// of HTTP: `<start>-<end>`, both inclusive.
public struct ChunkRange: Equatable, Sendable {
    /// The chunk's first byte in the blob.
    public let start: Int64
    /// How many bytes it has; at least one.
    public let count: Int64

    /// Reads a field's value. HTTP's own form, `bytes <start>-<end>/<size>`, is what some clients send.
    /// - Returns: nil where it is neither.
    public init?(_ text: some StringProtocol) {
        var bytes = Substring(text).utf8
        while bytes.last == .space { bytes.removeLast() }
        while bytes.first == .space { bytes.removeFirst() }
        if bytes.starts(with: "bytes ".utf8) {
            bytes.removeFirst(6)
            guard let slash = bytes.firstIndex(of: .slash) else { return nil }
            bytes = bytes[..<slash]
        }
        guard let hyphen = bytes.firstIndex(of: .hyphen),
            let start = bytes[..<hyphen].decimal.flatMap(Int64.init(exactly:)),
            let end = bytes[bytes.index(after: hyphen)...].decimal.flatMap(Int64.init(exactly:)),
            start <= end, end < .max
        else { return nil }
        self.start = start
        count = end - start + 1
    }
}
