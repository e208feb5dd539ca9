import Containerd
import Content
import Integrity
import OCI

/// containerd: blobs are written by its content service, layers are unpacked by its snapshotter, all under a lease that keeps
/// them until an image leads there. As containerd's own clients do it, so that whoever looks finds the image ready.
struct RuntimeSink: ImageSink {
    /// Kubernetes' mark of images that it may use and remove; its CRI plugin takes up what comes with it.
    private static let managed = ["io.cri-containerd.image": "managed"]

    let client: ContainerdClient
    let lease: RuntimeLease
    let target: PullTarget.Runtime
    let image: ImageReference

    private var namespace: String { lease.namespace }

    /// Where a blob came from, as containerd notes it.
    private var sourceLabels: [String: String] {
        image.origin.map {
            ["containerd.io/distribution.source.\($0.registry)": $0.repository.description]
        } ?? [:]
    }

    // MARK: Content

    func holds(_ blob: Descriptor) async throws -> Bool {
        guard let held = try await client.hold(blob.digest, under: lease) else { return false }
        try await noteSource(of: held)
        return true
    }

    func take(
        _ blob: Descriptor, from reader: any BlobReader, moved: @escaping @Sendable (Int64) -> Void
    ) async throws {
        let outcome = try await client.write(
            blob.digest, size: blob.size, labels: sourceLabels, under: lease
        ) { offset in
            let bytes = try await reader.next(at: offset, limit: ContainerdClient.portion).bytes()
            moved(Int64(bytes.count))
            return bytes
        }
        if outcome == .present { try await client.label(blob.digest, sourceLabels, in: namespace) }
    }

    func take(_ document: ImagePlan.Document) async throws {
        let digest = document.descriptor.digest
        let references = ImagePlan.references(of: document.document)
        let bytes = document.document.bytes
        let outcome = try await client.write(
            digest, size: document.descriptor.size, labels: sourceLabels.merging(references) { $1 }, under: lease
        ) { offset in
            Array(bytes[Int(offset)..<min(bytes.count, Int(offset + ContainerdClient.portion))])
        }
        guard outcome == .present else { return }
        try await client.label(digest, references, in: namespace)
        if let held = try await client.content(digest, in: namespace) { try await noteSource(of: held) }
    }

    /// Other repositories of the registry that are noted stay noted.
    private func noteSource(of held: RuntimeContent) async throws {
        guard let origin = image.origin, !held.origins.contains(origin) else { return }
        let others = held.origins.filter { $0.registry == origin.registry }.map(\.repository)
        let names = Set(others + [origin.repository]).sorted().map(\.description).joined(separator: ",")
        try await client.label(
            held.digest, ["containerd.io/distribution.source.\(origin.registry)": names], in: namespace)
    }

    func read(_ digest: Digest, limit: Int) async throws -> [UInt8] {
        let bytes = try await client.read(digest, in: namespace, at: 0, count: limit)
        let actual = ContentHasher.digest(of: bytes, algorithm: digest.algorithm)
        guard actual == digest else {
            throw PullFailure(
                code: .runtimeRefused, reason: "blob \(digest) is damaged in containerd: its bytes hash to \(actual)",
                mend: "shoal verify \(digest) says what mends it")
        }
        return bytes
    }

    // MARK: Snapshots

    func isUnpacked(_ chain: LayerChain) async throws -> Bool {
        guard let snapshotter = target.snapshotter, let top = chain.top else { return false }
        return try await client.hold(snapshot: top, of: snapshotter, under: lease)
    }

    func unpack(_ link: LayerChain.Link) async throws {
        guard let snapshotter = target.snapshotter else { return }
        if try await client.hold(snapshot: link.name, of: snapshotter, under: lease) { return }
        let key = "extract-\(lease.id) \(link.name)"
        guard
            let mounts = try await client.prepareSnapshot(
                key, over: link.parent, for: link.name, of: snapshotter, under: lease)
        else { return }
        let actual = try await client.apply(link.layer, onto: mounts, under: lease)
        guard actual == link.diffID else {
            throw PullFailure(
                code: .runtimeRefused,
                reason:
                    "layer \(link.layer.digest) unpacks to \(actual), where the image's configuration says \(link.diffID)",
                mend: "the image is broken: tell its maker")
        }
        try await client.commitSnapshot(key, as: link.name, of: snapshotter, under: lease)
        try await client.label(
            link.layer.digest, ["containerd.io/uncompressed": link.diffID.description], in: namespace)
    }

    func unpacked(_ chain: LayerChain, config: Digest) async throws {
        guard let snapshotter = target.snapshotter, let top = chain.top else { return }
        try await client.label(
            config, ["containerd.io/gc.ref.snapshot.\(snapshotter)": top.description], in: namespace)
    }

    // MARK: Names

    func finish(_ plan: ImagePlan, id: Digest?) async throws {
        let target = plan.root.descriptor
        guard self.target.isKubernetes, let id else {
            return try await client.name(target, image.description, under: lease)
        }
        // The CRI knows an image by its id, by its name, and by its digest; whoever has the name must find the id.
        var names = [id.description, image.description]
        if let origin = image.origin, image.digest == nil { names.append("\(origin)@\(target.digest)") }
        for name in names { try await client.name(target, name, labels: Self.managed, under: lease) }
    }
}
