internal import GRPCCore
internal import OCI

extension ContainerdClient {
    /// All images of a namespace. An entry that makes no sense is left out.
    public func images(in namespace: String) async throws(ContainerdError) -> [RuntimeImage] {
        try await call("the images of namespace \(namespace)") {
            let answer = try await WireImages.Client(wrapping: self.grpc).list(
                WireListImagesRequest(), metadata: Self.metadata(namespace), options: Self.options())
            return answer.images.compactMap { RuntimeImage($0, in: namespace) }
        }
    }

    /// One image, by the name that containerd has for it; nil where there is none.
    public func image(_ name: String, in namespace: String) async throws(ContainerdError) -> RuntimeImage? {
        var request = WireGetImageRequest()
        request.name = name
        return try await found { () async throws(ContainerdError) in
            try await call("image \(name.prefix(200))") { [request] in
                let answer = try await WireImages.Client(wrapping: self.grpc).get(
                    request, metadata: Self.metadata(namespace), options: Self.options())
                return RuntimeImage(answer.image, in: namespace)
            }
        }
    }
}

extension RuntimeImage {
    /// nil for what names no content that can be there.
    init?(_ image: WireImage, in namespace: String) {
        guard let digest = try? Digest(image.target.digest), image.target.size >= 0,
            let mediaType = try? MediaType(image.target.mediaType)
        else { return nil }
        self.init(
            namespace: namespace, name: image.name, digest: digest, mediaType: mediaType, size: image.target.size,
            createdAt: image.createdAt.seconds, updatedAt: image.updatedAt.seconds)
    }
}
