import OCI

/// The values of header fields that strangers send, and what they come to.
enum HeaderTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        for size: Int64 in [0, 1, 1000, .max] {
            guard case .partial(let range) = RangeRequest(header: text).resolve(size: size) else { continue }
            require(
                !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= size, "\(text) of \(size) is \(range)")
        }
        if let range = try? ContentRange(header: text) {
            require(range.first >= 0 && range.first <= range.last, "\(text) is \(range)")
            require((try? ContentRange(header: range.header)) == range, "\(range.header) is not what it was made of")
        }
        if let chunk = ChunkRange(text) {
            require(chunk.start >= 0 && chunk.count > 0, "\(text) is \(chunk)")
        }
        if let wait = WaitPreference(headers: [text]) {
            require((0...WaitPreference.longest).contains(wait.seconds), "\(text) is a wait of \(wait.seconds) s")
        }
        let quality = AcceptHeader(values: [text]).quality(of: .ociManifest)
        require((0...1000).contains(quality), "\(text) is a quality of \(quality)")
        _ = AcceptEncoding(values: [text]).accepts("gzip")
        for challenge in AuthChallenge.parse([text]) {
            require(challenge.parameters.keys.allSatisfy { $0 == $0.lowercased() }, "a parameter's case would matter")
        }
        _ = try? Query(text).values(of: "n")
    }
}
