import OCI

/// How a record stands in `index.json`: a descriptor with annotations.
///
/// The media type is the manifest's own, Docker's too, which skopeo 1.9 does not look for in a layout: it finds images
/// with OCI manifests and indexes. Calling them something else would not help, it does not read their configurations.
extension ImageRecord {
    private enum Annotation {
        /// OCI image specification, "Pre-Defined Annotation Keys": skopeo finds an image of a layout by it.
        static let reference = "org.opencontainers.image.ref.name"
        static let origin = "dev.shoal.origin"
        /// Every entry of Shoal's has it, so it tells them from those of other programs.
        static let knownGood = "dev.shoal.known-good"
    }

    var descriptor: Descriptor {
        var annotations = [Annotation.knownGood: String(knownGood)]
        annotations[Annotation.reference] = reference?.description
        annotations[Annotation.origin] = origin?.description
        return Descriptor(mediaType: mediaType, digest: digest, size: size, annotations: annotations)
    }

    /// Nil for an entry that another program made, or one that was edited beyond recognition.
    init?(_ descriptor: Descriptor) {
        guard let annotations = descriptor.annotations,
            let knownGood = annotations[Annotation.knownGood].flatMap({ Int64($0) })
        else { return nil }
        var origin: Origin?
        if let text = annotations[Annotation.origin] {
            guard let known = try? Origin(text) else { return nil }
            origin = known
        }
        var reference: ImageReference?
        if let name = annotations[Annotation.reference] {
            guard let known = Self.reference(name, origin) else { return nil }
            reference = known
        }
        self.init(
            reference: reference, origin: origin, digest: descriptor.digest, mediaType: descriptor.mediaType,
            size: descriptor.size, knownGood: knownGood)
    }

    /// Reads a name back.
    ///
    /// As people write names, `registry/app:1` is an image of Docker Hub. Here it may be one of a registry called
    /// `registry`, which must not become another's: where the origin is known, only what follows it is parsed.
    private static func reference(_ name: String, _ origin: Origin?) -> ImageReference? {
        guard let origin else { return try? ImageReference(normalizing: name) }
        let prefix = origin.description
        guard name.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = Substring(name.utf8.dropFirst(prefix.utf8.count))
        guard rest.first == ":" || rest.first == "@",
            let parsed = try? ImageReference(normalizing: "docker.io/x/x\(rest)")
        else { return nil }
        return ImageReference(
            registry: origin.registry, repository: origin.repository, tag: parsed.tag, digest: parsed.digest)
    }
}
