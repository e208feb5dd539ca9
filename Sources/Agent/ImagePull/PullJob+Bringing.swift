import Content
import OCI
import Synchronization
import Transfer

/// What a pull consists of: what the name means, its blobs, their unpacking, and at last the name.
extension PullJob {
    /// How many layers come at once. Each of them comes from several sources at once as it is.
    private static let width = 4
    /// How deep indexes may lie in indexes, and how many manifests they may name.
    private static let depth = 3
    private static let manifestLimit = 256

    /// Brings the image, and says what came of it.
    func bring(to sink: some ImageSink, unpacks: Bool) async throws -> PullSummary {
        let (plan, sources) = try await resolve()
        tally.withLock { $0.begin(plan.blobs) }
        story.withLock { $0.digest = plan.root.descriptor.digest }
        var platforms: [String] = []
        for platform in plan.images.compactMap(\.platform?.description) where !platforms.contains(platform) {
            platforms.append(platform)
        }
        let size = tally.withLock { $0.size }
        tell(
            .image(
                PulledImage(digest: plan.root.descriptor.digest, platforms: platforms, blobs: plan.blobs, size: size)))
        if let foreign = plan.foreign {
            throw PullFailure(
                code: .refused,
                reason: "layer \(foreign.digest) is not the registry's to give: it has its maker's address",
                mend: "pull the image with the runtime itself")
        }
        let configs = try await bringConfigs(of: plan, to: sink)
        let unpacked = unpacks ? try unpackedImage(of: plan, configs) : nil
        if let unpacked, try await sink.isUnpacked(unpacked.chain) {
            try await fetch(layers(of: plan, besides: unpacked.image), to: sink, then: .done)
            // What is unpacked is not needed packed: containerd may have been told to throw it away.
            for layer in unpacked.image.manifest.layers { set(layer.digest, .present) }
        } else {
            try await bringLayers(of: plan, to: sink, unpacking: unpacked)
        }
        if let unpacked { try await sink.unpacked(unpacked.chain, config: unpacked.image.manifest.config.digest) }
        for document in plan.documents {
            let source = sources[document.descriptor.digest] ?? .store
            let wasHeld = source == .store ? try await sink.holds(document.descriptor) : false
            try await sink.take(document)
            if !wasHeld { came(document.descriptor, from: source) }
            set(document.descriptor.digest, wasHeld ? .present : .done)
        }
        let ids = Set(plan.images.map(\.manifest.config.digest))
        try await sink.finish(plan, id: unpacked?.image.manifest.config.digest ?? (ids.count == 1 ? ids.first : nil))
        return tally.withLock { tally in
            PullSummary(
                image: query.image.description, digest: plan.root.descriptor.digest, size: tally.size,
                blobs: tally.count,
                bytes: tally.bytes, seconds: tally.seconds(.now), unpacked: unpacked != nil)
        }
    }

    // MARK: Manifests

    private func resolve() async throws -> (ImagePlan, [Digest: ByteSource]) {
        guard let origin = query.image.origin, let reference = query.image.manifestReference else {
            throw PullFailure(code: .refused, reason: "\(query.image) names no registry", mend: "put its name first")
        }
        let root = try await parts.resolver.pull(reference, at: origin)
        var sources = [root.digest: root.source]
        var plan = ImagePlan(root: root.document, digest: root.digest)
        var level = [root.document]
        for _ in 0..<Self.depth {
            var next: [ManifestDocument] = []
            for case .index(let index) in level.map(\.kind) {
                for child in try ImagePlan.wanted(of: index, platforms, image: query.image) {
                    guard plan.documents.count < Self.manifestLimit else {
                        throw PullFailure(
                            code: .refused, reason: "\(query.image) names more than \(Self.manifestLimit) manifests",
                            mend: "name one platform with --platform")
                    }
                    let found = try await parts.resolver.pull(.digest(child.digest), at: origin)
                    sources[found.digest] = found.source
                    plan.add(found.document, child)
                    next.append(found.document)
                }
            }
            level = next
        }
        for document in plan.documents { parts.fetcher.sizes.learn(document.document) }
        guard !plan.images.isEmpty else {
            throw PullFailure(
                code: .refused,
                reason: "\(query.image) is a \(plan.root.document.mediaType), in which there is no image",
                mend: "Docker's images of schema 1 and other artifacts are not pulled")
        }
        return (plan, sources)
    }

    // MARK: Configurations

    /// By the digest of their configuration, those of images that can be run.
    private func bringConfigs(of plan: ImagePlan, to sink: some ImageSink) async throws -> [Digest: ImageConfig] {
        var configs: [Digest: ImageConfig] = [:]
        for descriptor in plan.images.map(\.manifest.config) where configs[descriptor.digest] == nil {
            try await fetch(descriptor, to: sink, then: .done)
            guard descriptor.mediaType.isImageConfig, descriptor.size <= ImageConfig.maximumSize else { continue }
            let bytes = try await sink.read(descriptor.digest, limit: ImageConfig.maximumSize)
            // What goes with an image, such as an attestation, is no image and may have a configuration that says nothing.
            guard let config = try? ImageConfig(bytes: bytes) else { continue }
            configs[descriptor.digest] = config
        }
        if case .manifest(let manifest) = plan.root.document.kind, let config = configs[manifest.config.digest] {
            try ImagePlan.check(config, platforms, image: query.image)
        }
        return configs
    }

    private struct UnpackedImage {
        var image: ImagePlan.Image
        var chain: LayerChain
    }

    /// Of several platforms only the machine's own is unpacked; what cannot be run is not.
    private func unpackedImage(of plan: ImagePlan, _ configs: [Digest: ImageConfig]) throws -> UnpackedImage? {
        let candidates = plan.images.compactMap { image -> (image: ImagePlan.Image, config: ImageConfig, rank: Int)? in
            guard let config = configs[image.manifest.config.digest],
                image.manifest.layers.allSatisfy(\.mediaType.isLayer)
            else { return nil }
            if plan.images.count == 1 { return (image, config, 0) }
            return Platform.current.rank(of: config.platform).map { (image, config, $0) }
        }
        guard let best = candidates.min(by: { $0.rank < $1.rank }) else { return nil }
        return UnpackedImage(
            image: best.image, chain: try LayerChain(best.image.manifest, best.config, image: query.image))
    }

    // MARK: Layers

    /// Each once, from the bottom up: in that order they are unpacked.
    private func layers(of plan: ImagePlan, besides image: ImagePlan.Image? = nil) -> [Descriptor] {
        var known = Set(image?.manifest.layers.map(\.digest) ?? [])
        return plan.images.flatMap(\.manifest.layers).filter { known.insert($0.digest).inserted }
    }

    /// Layers come several at once, and are unpacked one after another, from the bottom, as they come.
    private func bringLayers(
        of plan: ImagePlan, to sink: some ImageSink, unpacking unpacked: UnpackedImage?
    ) async throws {
        let (arrivals, arrived) = AsyncStream<Digest>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await self.fetch(
                    self.layers(of: plan), to: sink, then: unpacked == nil ? .done : .fetched
                ) { arrived.yield($0) }
                arrived.finish()
            }
            if let unpacked {
                group.addTask {
                    var here: Set<Digest> = []
                    var rest = arrivals.makeAsyncIterator()
                    for link in unpacked.chain.links {
                        while !here.contains(link.layer.digest) {
                            guard let digest = await rest.next() else { throw CancellationError() }
                            here.insert(digest)
                        }
                        let wasPresent = self.tally.withLock { $0.state(of: link.layer.digest) } == .present
                        if !wasPresent { self.set(link.layer.digest, .unpacking) }
                        try await sink.unpack(link)
                        if !wasPresent { self.set(link.layer.digest, .done) }
                    }
                }
            }
            defer { group.cancelAll() }
            while try await group.next() != nil {}
        }
        // Layers of platforms that are not unpacked.
        for layer in layers(of: plan) where tally.withLock({ $0.state(of: layer.digest) }) == .fetched {
            set(layer.digest, .done)
        }
    }

    // MARK: Blobs

    private func fetch(
        _ blobs: [Descriptor], to sink: some ImageSink, then state: PulledBlob.State,
        arrived: @escaping @Sendable (Digest) -> Void = { _ in }
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in blobs.enumerated() {
                if index >= Self.width { try await group.next() }
                group.addTask {
                    try await self.fetch(blob, to: sink, then: state)
                    arrived(blob.digest)
                }
            }
            try await group.waitForAll()
        }
    }

    private func fetch(_ blob: Descriptor, to sink: some ImageSink, then state: PulledBlob.State) async throws {
        guard try await !sink.holds(blob) else { return set(blob.digest, .present) }
        set(blob.digest, .downloading)
        story.withLock { $0.asked(blob.digest, now: .now) }
        let reader: any SourcedReader
        do {
            reader = try await parts.fetcher.open(
                BlobQuestion(digest: blob.digest, origin: query.image.origin), isRequest: false)
        } catch {
            note(blob, nil, error)
            throw error
        }
        defer { reader.close() }
        do {
            try await take(blob, from: reader, to: sink)
            note(blob, reader, nil)
        } catch {
            note(blob, reader, error)
            throw error
        }
        let sources = named(reader.sources)
        tally.withLock { $0.came(blob.digest, from: sources) }
        set(blob.digest, state)
    }

    private func take(_ blob: Descriptor, from reader: any SourcedReader, to sink: some ImageSink) async throws {
        guard reader.size == blob.size else {
            throw PullFailure(
                code: .broken,
                reason: "blob \(blob.digest) has \(reader.size) bytes, where its manifest says \(blob.size)",
                mend: "the image is broken: tell its maker")
        }
        try await sink.take(blob, from: reader) { count in self.tally.withLock { $0.moved(blob.digest, count) } }
    }

    /// Keeps what became of a blob.
    /// - Parameter reader: nil where it could not be opened.
    private func note(_ blob: Descriptor, _ reader: (any SourcedReader)?, _ error: (any Error)?) {
        let record = reader?.record ?? (error as? FetchError)?.record
        var answer = BlobAnswer(size: blob.size, given: error == nil ? blob.size : 0)
        answer.way = record.map { .download($0) } ?? (reader == nil ? .unknown : .direct(.store))
        answer.failure = error.map { "\($0)" }
        story.withLock { _ = $0.answered(blob.digest, answer, now: .now) }
    }

    private func came(_ blob: Descriptor, from source: ByteSource) {
        let answer = BlobAnswer(size: blob.size, given: blob.size, way: .direct(source))
        story.withLock { _ = $0.answered(blob.digest, answer, now: .now) }
        var bytes = SourceBytes()
        switch source {
        case .store: bytes.store = blob.size
        case .peer(let peer): bytes.peers = [peer: blob.size]
        case .upstream: bytes.upstream = blob.size
        }
        let sources = named(bytes)
        tally.withLock { $0.came(blob.digest, from: sources) }
    }

    private func set(_ digest: Digest, _ state: PulledBlob.State) {
        if let blob = tally.withLock({ $0.set(digest, state) }) { tell(.blob(blob)) }
    }
}
