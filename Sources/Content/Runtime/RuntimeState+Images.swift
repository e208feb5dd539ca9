import OCI

/// The images that containerd knows, and what belongs to them.
extension RuntimeState {
    /// A record for each name whose manifest is offered, by name and digest. The same name in two namespaces is what the later
    /// one says.
    func images() -> [ImageRecord] {
        var named: [ImageReference: ImageRecord] = [:]
        var unnamed: [Digest: ImageRecord] = [:]
        for namespace in namespaces.values {
            for image in namespace.images.values where blobs[image.digest]?.isOffered == true {
                let record = record(image)
                if let reference = record.reference {
                    if let other = named[reference], other.knownGood >= record.knownGood { continue }
                    named[reference] = record
                } else if unnamed[image.digest].map({ $0.knownGood < record.knownGood }) ?? true {
                    unnamed[image.digest] = record
                }
            }
        }
        // CRI gives every image a second name that is a digest and nothing else.
        for record in named.values { unnamed[record.digest] = nil }
        return (Array(named.values) + unnamed.values).map {
            (text: "\($0.reference?.description ?? "") \($0.digest)", record: $0)
        }
        .sorted { $0.text < $1.text }.map(\.record)
    }

    /// The records of one manifest, in no order.
    func images(of digest: Digest) -> [ImageRecord] {
        guard blobs[digest]?.isOffered == true else { return [] }
        var records: Set<ImageRecord> = []
        for namespace in namespaces.values {
            for name in namespace.names(at: digest) {
                if let image = namespace.images[name] { records.insert(record(image)) }
            }
        }
        let named = records.filter { $0.reference != nil }
        return Array(named.isEmpty ? records : named)
    }

    /// The record of a name. A digest in it decides: a record of that manifest and repository does, by whatever name.
    func image(for reference: ImageReference) -> ImageRecord? {
        let candidates: [ImageRecord]
        if let digest = reference.digest {
            candidates = images(of: digest).filter { record in
                record.reference == reference
                    || record.reference?.registry == reference.registry
                        && record.reference?.repository == reference.repository
                    || reference.origin != nil && record.origin == reference.origin
            }
        } else {
            let name = reference.description
            candidates = namespaces.values.flatMap { namespace in
                // containerd's own tools write names in full; others are found by what they mean.
                let image = namespace.images[name] ?? namespace.images.values.first { $0.reference == reference }
                return image.flatMap { $0.reference == reference ? [$0] : nil } ?? []
            }.filter { blobs[$0.digest]?.isOffered == true }.map(record)
        }
        return candidates.max { $0.knownGood < $1.knownGood }
    }

    /// What a blob names by its labels, each once, sorted; held or not.
    func children(of digest: Digest) -> [Digest] {
        Set(namespaces.values.flatMap { $0.contents[digest]?.children ?? [] }).sorted()
    }

    /// What names a blob by its labels; not what names that.
    func parents(of digest: Digest) -> Set<Digest> {
        Set(namespaces.values.flatMap { $0.parents(of: digest) })
    }

    /// The repositories that have this content: by its labels, else by the names of the images that need it. Sorted.
    func origins(of digest: Digest) -> [Origin] {
        let labelled = labelledOrigins(of: digest)
        if !labelled.isEmpty { return labelled.sorted() }
        let named = namespaces.values.flatMap { namespace in
            namespace.imagesNeeding(digest).compactMap { namespace.images[$0]?.reference?.origin }
        }
        return Set(named).sorted()
    }

    /// The repositories that this content came from by its own labels; empty for what is not held.
    func labelledOrigins(of digest: Digest) -> Set<Origin> {
        Set(namespaces.values.flatMap { $0.contents[digest]?.origins ?? [] })
    }

    /// Whether containerd keeps an offered blob for as long as an image is there.
    func isKept(_ digest: Digest) -> Bool {
        blobs[digest]?.isOffered == true && namespaces.values.contains { $0.isKept(digest) }
    }

    /// The images that lead to a blob, sorted.
    func names(of digest: Digest) -> [RuntimeImageName] {
        namespaces.flatMap { name, namespace in
            namespace.imagesNeeding(digest).map { RuntimeImageName(namespace: name, name: $0) }
        }.sorted()
    }

    /// A namespace that has the blob, to read it there.
    func namespace(of digest: Digest) -> String? {
        namespaces.first { $0.value.contents[digest] != nil }?.key
    }

    /// How many names there are.
    var imageCount: Int { namespaces.values.reduce(0) { $0 + $1.images.count } }

    private func record(_ image: ListedImage) -> ImageRecord {
        // A name that is none still came from somewhere.
        let origin = image.reference.map(\.origin) ?? origins(of: image.digest).first
        return ImageRecord(
            reference: image.reference, origin: origin, digest: image.digest, mediaType: image.mediaType,
            size: image.size, knownGood: image.updated)
    }
}
