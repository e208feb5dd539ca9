import Content
import Gateway
import NIOCore
import OCI
import Registry
import Synchronization
import Transfer

/// What stands behind the mirror's routes: the fetcher for blobs, the resolver for manifests, the registry of the local namespace, the
/// story of each pull.
struct MirrorService: MirrorBackend {
    let fetcher: BlobFetcher
    let resolver: ManifestResolver
    let registry: LocalRegistry
    let memory: RepositoryMemory
    let gate: PrivateGate
    let content: NodeContent
    let pulls: PullLog
    let meters: Meters

    // MARK: Blobs

    func openBlob(_ question: MirrorBlobQuestion) async throws -> any BlobReader {
        try await RequestTrace.$id.withValue(question.requestID) {
            pulls.blobBegan(question.digest)
            let began = ContinuousClock.now
            do {
                let leave: PrivateGate.Leave
                do {
                    leave = try await admit(question)
                } catch {
                    fetcher.refused()
                    throw error
                }
                let reader = try await fetcher.open(asked(question))
                if leave == .asAsked {
                    do {
                        try await look(at: question, size: reader.size)
                    } catch {
                        reader.close()
                        throw error
                    }
                }
                meters.opened(after: began.duration(to: .now))
                return PulledReader(
                    reader, question.digest, isWhole: question.range == .whole, began: began, pulls: pulls,
                    meters: meters)
            } catch {
                let failure = error as? FetchError
                pulls.blobEnded(
                    question.digest,
                    BlobAnswer(
                        size: failure?.record?.size, way: failure?.record.map { .download($0) } ?? .unknown,
                        failure: "\(error)"))
                throw told(error)
            }
        }
    }

    func blobSize(_ question: MirrorBlobQuestion) async throws -> Int64 {
        do {
            // What is not here tells its size and nothing else: nothing is fetched for a HEAD.
            if try await admit(question) == .asAsked, let size = content.size(of: question.digest) {
                try await look(at: question, size: size)
            }
        } catch {
            throw told(error)
        }
        if case .local(let repository) = question.place {
            // Who pushes takes the answer for a promise that the blob need not be sent: what a manifest says of it is none.
            registry.promised(question.digest, in: repository)
            if let size = fetcher.sizeOnLAN(of: question.digest) { return size }
            // Where the repository has a registry, a push that names the blob is given it from there.
            let size = origin(of: question.place) == nil ? nil : try await fetcher.upstreamSize(of: asked(question))
            guard let size else { throw MirrorFailure(.notFound, "nobody who is there has \(question.digest)") }
            return size
        }
        do {
            return try await fetcher.size(of: asked(question))
        } catch {
            throw told(error)
        }
    }

    func isDiskFull(_ error: any Error) -> Bool {
        (error as? FetchError)?.code == .noSpace
    }

    func passThrough(
        _ question: MirrorBlobQuestion, after reader: (any BlobReader)?, rest: Range<Int64>
    ) async throws -> HTTPBodyStream {
        let source = (reader as? PulledReader)?.reader
        return fetcher.passThrough(asked(question), after: source, from: rest.lowerBound, to: rest.upperBound)
    }

    /// Where upstream has the blob: as the client said, else where its repository was last asked for, else where a manifest
    /// that names it came from.
    private func asked(_ question: MirrorBlobQuestion) -> BlobQuestion {
        BlobQuestion(
            digest: question.digest, origin: origin(of: question.place) ?? content.origins(of: question.digest).first,
            as: Self.identity(question.authorization, in: question.place), range: question.range)
    }

    /// Lets a request for a blob pass that may have it from this node or from peers.
    private func admit(_ question: MirrorBlobQuestion) async throws -> PrivateGate.Leave {
        guard gate.isOn, !registry.hasReceived(question.digest) else { return .whatever }
        return try await gate.admit(
            question.digest, at: origin(of: question.place),
            as: Self.identity(question.authorization, in: question.place))
    }

    /// Looks whether what may be had as a blob is one. A manifest has rules of its own, whatever names it as a blob.
    private func look(at question: MirrorBlobQuestion, size: Int64) async throws {
        guard (1...Int64(ManifestDocument.maximumSize)).contains(size) else { return }
        let whole = BlobQuestion(
            digest: question.digest, origin: asked(question).origin, as: asked(question).identity)
        let reader = try await fetcher.open(whole, isRequest: false)
        defer { reader.close() }
        guard try await Self.isManifest(reader) else { return }
        try await gate.admit(
            manifestInBlob: question.digest, at: origin(of: question.place),
            as: Self.identity(question.authorization, in: question.place))
    }

    private static func isManifest(_ reader: any BlobReader) async throws -> Bool {
        // Most are archives, which begin otherwise.
        let beginning = try await reader.next(at: 0, limit: min(reader.size, 512)).bytes()
        let first = beginning.first { !" \t\r\n".utf8.contains($0) }
        guard first == nil || first == UInt8(ascii: "{") else { return false }
        let bytes = try await reader.readAll(limit: ManifestDocument.maximumSize)
        return (try? ManifestDocument(bytes: bytes, mediaType: nil)) != nil
    }

    private static func identity(
        _ authorization: ClientAuthorization?, in place: MirrorPlace
    ) -> UpstreamIdentity {
        UpstreamIdentity(authorization, namesRegistry: place.origin != nil)
    }

    private func origin(of place: MirrorPlace) -> Origin? {
        switch place {
        case .registry(let origin): origin
        // A repository of the local namespace has no upstream, even where one of the same name was asked for.
        case .local(let name) where registry.knows(name): nil
        case .local(let name): memory.registry(for: name).map { Origin(registry: $0, repository: name) }
        }
    }

    private func told(_ error: any Error) -> any Error {
        guard let error = error as? FetchError, error.code != .noSpace else { return error }
        return MirrorFailure(error.code == .busy ? .busy : .notFound, error.message)
    }

    // MARK: Manifests and lists

    func manifest(_ question: MirrorManifestQuestion) async throws -> MirrorManifest {
        let (answer, name) = try await RequestTrace.$id.withValue(question.requestID) {
            try await self.answer(question)
        }
        if question.isGet, let document = try? ManifestDocument(bytes: answer.bytes, mediaType: answer.mediaType) {
            fetcher.sizes.learn(document)
            pulls.manifestAnswered(name, answer, document, isByDigest: question.reference.digest != nil)
        } else if !question.isGet, question.reference.digest == nil {
            pulls.called(name, answer.digest)
        }
        return MirrorManifest(digest: answer.digest, mediaType: answer.mediaType, bytes: answer.bytes)
    }

    /// The manifest, and what its pull is called in the log.
    private func answer(_ question: MirrorManifestQuestion) async throws -> (ManifestAnswer, String) {
        switch question.place {
        case .registry(let origin):
            return try await answer(question, of: origin)
        case .local(let repository):
            // Lazy snapshotters leave the registry out, and ask for what they have seen by its digest.
            if question.reference.digest != nil, let origin = origin(of: question.place) {
                return try await answer(question, of: origin)
            }
            let name = LocalName(repository, try reference(question.reference, in: repository))
            let identity = Self.identity(question.authorization, in: question.place)
            return (try await registry.resolve(name, as: identity, isGet: question.isGet), "\(name)")
        }
    }

    private func answer(
        _ question: MirrorManifestQuestion, of origin: Origin
    ) async throws -> (ManifestAnswer, String) {
        let answer = try await resolver.resolve(
            question.reference, at: origin, as: Self.identity(question.authorization, in: question.place),
            accept: question.accept, strictness: question.form == .namespace ? .canFallBack : .mustComplete,
            isGet: question.isGet)
        return (answer, name(of: answer, question.reference, origin))
    }

    /// What a client means: a content identifier names the manifest itself, whatever tag the client adds.
    private func reference(
        _ reference: ManifestReference, in repository: RepositoryName
    ) throws(DistributionError) -> ManifestReference {
        guard case .tag = reference, let digest = try LocalRegistry.contentAddress(repository) else { return reference }
        return .digest(digest)
    }

    private func name(of answer: ManifestAnswer, _ reference: ManifestReference, _ origin: Origin) -> String {
        if case .tag(let tag) = reference { return "\(origin):\(tag)" }
        let tagged = content.images(of: answer.digest).first { $0.origin == origin && $0.reference != nil }
        return tagged?.reference?.description ?? "\(origin)@\(answer.digest)"
    }

    func tags(
        in place: MirrorPlace, authorization: ClientAuthorization?, count: Int?, last: Tag?
    ) async throws -> MirrorList {
        let identity = Self.identity(authorization, in: place)
        let list =
            switch place {
            case .registry(let origin): try await resolver.tags(at: origin, as: identity, count: count, last: last)
            case .local(let repository): try registry.tags(in: repository, count: count, last: last)
            }
        return shown(list, place, "tags/list")
    }

    func referrers(
        to digest: Digest, in place: MirrorPlace, authorization: ClientAuthorization?, artifactType: String?,
        continuation: String?
    ) async throws -> MirrorList {
        let identity = Self.identity(authorization, in: place)
        let list =
            switch place {
            case .registry(let origin):
                try await resolver.referrers(
                    of: digest, at: origin, as: identity, artifactType: artifactType, continuation: continuation)
            case .local(let repository):
                await registry.referrers(
                    of: digest, in: repository, artifactType: artifactType, last: try ReferrersPage.last(continuation))
            }
        return shown(list, place, "referrers/\(digest)")
    }

    /// The next page is linked in the form that works whichever form was asked in.
    private func shown(_ list: ListAnswer, _ place: MirrorPlace, _ path: String) -> MirrorList {
        var headers: [(name: String, value: String)] = []
        if let query = list.nextQuery {
            let target =
                switch place {
                case .registry(let origin): "/v2/\(origin.repository)/\(path)?\(query)&ns=\(origin.registry)"
                case .local(let repository): "/v2/\(repository)/\(path)?\(query)"
                }
            headers.append(("Link", "<\(target)>; rel=\"next\""))
        }
        if let filters = list.filtersApplied { headers.append(("OCI-Filters-Applied", filters)) }
        return MirrorList(body: list.body, mediaType: list.contentType, headers: headers)
    }
}

/// A blob on its way to the runtime, counted for the story of its pull.
private final class PulledReader: BlobReader {
    let reader: any SourcedReader
    private let digest: Digest
    private let isWhole: Bool
    private let began: ContinuousClock.Instant
    private let pulls: PullLog
    private let meters: Meters
    private let count = Atomic<Int64>(0)
    private let isClosed = Atomic(false)
    private let failure = Mutex<String?>(nil)

    init(
        _ reader: any SourcedReader, _ digest: Digest, isWhole: Bool, began: ContinuousClock.Instant, pulls: PullLog,
        meters: Meters
    ) {
        self.reader = reader
        self.digest = digest
        self.isWhole = isWhole
        self.began = began
        self.pulls = pulls
        self.meters = meters
    }

    var size: Int64 { reader.size }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        do {
            let slice = try await reader.next(at: offset, limit: limit)
            count.wrappingAdd(slice.length, ordering: .relaxed)
            return slice
        } catch {
            if !(error is CancellationError) { failure.withLock { $0 = "\(error)" } }
            throw error
        }
    }

    func unreadable(because reason: String) async -> Bool { await reader.unreadable(because: reason) }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return reader.close() }
        let record = reader.record
        let answer = BlobAnswer(
            size: reader.size, given: count.load(ordering: .relaxed),
            way: record.map { .download($0) } ?? .direct(.store), failure: failure.withLock { $0 })
        reader.close()
        let bytes = answer.bytes
        meters.delivered(
            DeliveredBytes(store: bytes.store, peers: bytes.peers, upstream: bytes.upstream),
            whole: isWhole && answer.given >= reader.size ? began.duration(to: .now) : nil)
        pulls.blobEnded(digest, answer)
    }
}
