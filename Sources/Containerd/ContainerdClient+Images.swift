internal import GRPCCore
public import OCI
internal import SwiftProtobuf

extension ContainerdClient {
    /// All images of a namespace. An entry that makes no sense is left out.
    public func images(in namespace: String) async throws(ContainerdError) -> [RuntimeImage] {
        try await call("the images of namespace \(namespace)") {
            let answer = try await WireImages.Client(wrapping: self.grpc).list(
                WireListImagesRequest(), metadata: Self.metadata(namespace), options: Self.options(Self.listingTime))
            return answer.images.compactMap { self.readable($0, in: namespace) }
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
                return self.readable(answer.image, in: namespace)
            }
        }
    }

    /// Makes a name mean a manifest or an index: a new name, or one that meant something else.
    /// - Parameter labels: of the image; its others stay.
    public func name(
        _ target: Descriptor, _ name: String, labels: [String: String] = [:], under lease: RuntimeLease
    ) async throws(ContainerdError) {
        var image = WireImage()
        image.name = name
        image.labels = labels
        image.target = WireDescriptor(target)
        let client = WireImages.Client(wrapping: grpc)
        let created = try await unlessThere { () async throws(ContainerdError) in
            try await call("image \(name.prefix(200))") { [image] in
                _ = try await client.create(
                    .with { $0.image = image }, metadata: Self.metadata(lease), options: Self.options())
                return true
            }
        }
        guard created == nil else { return }
        _ = try await call("image \(name.prefix(200))") { [image] in
            try await client.update(
                .with {
                    $0.image = image
                    $0.updateMask.paths = ["target"] + labels.keys.sorted().map { "labels.\($0)" }
                }, metadata: Self.metadata(lease), options: Self.options())
        }
    }

    /// What an entry says; nil, and told, where it makes no sense.
    private func readable(_ image: WireImage, in namespace: String) -> RuntimeImage? {
        do {
            return try RuntimeImage(image, in: namespace)
        } catch {
            passedOver("image \(image.name.prefix(200)) in namespace \(namespace): \(error.message)")
            return nil
        }
    }
}

extension RuntimeImage {
    /// - Throws: For what names no content that can be there.
    init(_ image: WireImage, in namespace: String) throws(ContainerdError) {
        guard image.target.size >= 0 else {
            throw ContainerdError(.malformed, "its manifest has \(image.target.size) bytes")
        }
        guard let mediaType = MediaType(rawValue: image.target.mediaType) else {
            throw ContainerdError(.malformed, "its manifest has no media type")
        }
        self.init(
            namespace: namespace, name: image.name, digest: try .named(image.target.digest), mediaType: mediaType,
            size: image.target.size, createdAt: image.createdAt.seconds,
            updatedAt: max(image.createdAt.seconds, image.updatedAt.seconds))
    }
}
