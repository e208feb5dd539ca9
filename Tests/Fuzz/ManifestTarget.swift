import OCI

/// A manifest as anybody pushes or serves it. The first byte says what type the sender claims.
enum ManifestTarget: FuzzTarget {
    private static let types: [MediaType?] = [nil, .ociManifest, .ociIndex, .dockerManifest, .dockerManifestList]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let bytes = Array(input.dropFirst())
        guard let document = try? ManifestDocument(bytes: bytes, mediaType: types[Int(first) % types.count]) else {
            return
        }
        require(document.bytes == bytes, "a manifest's bytes were changed: its digest is gone")
        require(
            (document.blobs + document.children).allSatisfy { $0.size >= 0 }, "something of a negative size is named")
        require(document.blobs.isEmpty || document.children.isEmpty, "an image and an index at once")
        guard let again = try? ManifestDocument(bytes: bytes, mediaType: document.mediaType) else {
            fail("what was taken as \(document.mediaType) is not taken when that is said")
        }
        require(again.kind == document.kind, "a manifest means something else when its type is said")
    }
}
