import Testing

/// The stargz snapshotter as it was observed: it asks for blobs without a namespace, looks whether ranges are understood, how long the
/// blob is, reads the table of contents at its end, and then ranges of 2 MB.
struct LazyReader {
    private static let rangeBytes = 2_000_000
    /// eStargz: the footer is an empty gzip member whose extra field says where the table of contents begins.
    private static let footerBytes = 51
    private static let headers = ["--user-agent", "Go-http-client/1.1", "--header", "Accept-Encoding: identity"]

    let node: Node
    let image: Fixtures.Image

    /// As containerd asks before the snapshotter mounts anything: the mirror learns whose repository it is.
    func resolve() async throws {
        let answer = try await node.mirror(
            "\(image.repository)/manifests/\(image.digest)",
            ["--header", "Accept: application/vnd.oci.image.manifest.v1+json"])
        guard answer.status == 200 else { throw HarnessError("the manifest of \(image.repository): \(answer.status)") }
    }

    /// Mounts the largest layer, and reads a few files that are spread over it. Every answer is compared with the registry's own bytes.
    func mountAndRead(_ places: [Double] = [0.3, 0.6]) async throws {
        let blob = try image.largestBlob
        try await read(0..<2)
        let head = try await ask(["--head"])
        try #require(head.status == 200)
        try #require(head.headers["content-length"] == "\(blob.size)")
        let footer = try await read(blob.size - Self.footerBytes..<blob.size)
        // RFC 1952: ten bytes of header, two for the length, and a subfield "SG" with sixteen digits and the word STARGZ.
        let offset = try #require(Int(String(decoding: footer[16..<32], as: UTF8.self), radix: 16))
        try await read(offset..<blob.size - Self.footerBytes)
        for place in places {
            let start = Int(Double(blob.size) * place)
            try await read(start..<start + Self.rangeBytes)
        }
    }

    @discardableResult
    private func read(_ range: Range<Int>) async throws -> [UInt8] {
        let answer = try await ask(["--range", "\(range.lowerBound)-\(range.upperBound - 1)"])
        try #require(answer.status == 206, "\(range)")
        let right = try await Fixtures.bytes(of: image.largestBlob.digest, range)
        try #require(answer.body == right, "\(range)")
        return answer.body
    }

    private func ask(_ options: [String]) async throws -> HTTPAnswer {
        let path = try "\(image.repository)/blobs/\(image.largestBlob.digest)"
        return try await node.mirror(path, Self.headers + options, namespace: nil)
    }
}
