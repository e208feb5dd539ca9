import Content
import Gateway
import NIOCore
import OCI
import Synchronization
import Transfer

/// What stands behind the mirror's routes: the fetcher for blobs, the resolver for manifests, the log line per pull.
struct MirrorService: MirrorBackend {
    let fetcher: BlobFetcher
    let resolver: ManifestResolver
    let memory: RepositoryMemory
    let content: NodeContent
    let pulls: PullLog

    // MARK: Blobs

    func openBlob(_ question: MirrorBlobQuestion) async throws -> any BlobReader {
        pulls.blobBegan(question.digest)
        do {
            let reader = try await fetcher.open(asked(question))
            return PulledReader(reader, question.digest, isWhole: question.range == .whole, pulls: pulls)
        } catch {
            pulls.blobEnded(question.digest, bytes: .init(), isWhole: false)
            throw told(error)
        }
    }

    func blobSize(_ question: MirrorBlobQuestion) async throws -> Int64 {
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
            range: question.range)
    }

    private func origin(of place: MirrorPlace) -> Origin? {
        switch place {
        case .registry(let origin): origin
        case .local(let name): memory.registry(for: name).map { Origin(registry: $0, repository: name) }
        }
    }

    private func told(_ error: any Error) -> any Error {
        guard let error = error as? FetchError, error.code != .noSpace else { return error }
        return MirrorFailure(error.code == .busy ? .busy : .notFound, error.message)
    }

    // MARK: Manifests and lists

    func manifest(_ question: MirrorManifestQuestion) async throws -> MirrorManifest {
        let origin = try originOfManifest(question.reference, question.place)
        let answer = try await resolver.resolve(
            question.reference, at: origin, accept: question.accept,
            strictness: question.form == .namespace ? .canFallBack : .mustComplete, isGet: question.isGet)
        if question.isGet, let document = try? ManifestDocument(bytes: answer.bytes, mediaType: answer.mediaType) {
            fetcher.sizes.learn(document)
            pulls.manifestAnswered(name(of: answer, question.reference, origin), answer, document)
        }
        return MirrorManifest(digest: answer.digest, mediaType: answer.mediaType, bytes: answer.bytes)
    }

    /// The local namespace has no tags but its own; content by digest is the same wherever it is asked for.
    private func originOfManifest(_ reference: ManifestReference, _ place: MirrorPlace) throws -> Origin {
        if case .registry(let origin) = place { return origin }
        if case .digest = reference, let origin = origin(of: place) { return origin }
        throw MirrorFailure(
            .notFound, "\(place) names no registry: put it first (docker.io/library/nginx), or send it as ns")
    }

    private func name(of answer: ManifestAnswer, _ reference: ManifestReference, _ origin: Origin) -> String {
        if case .tag(let tag) = reference { return "\(origin):\(tag)" }
        let tagged = content.images(of: answer.digest).first { $0.origin == origin && $0.reference != nil }
        return tagged?.reference?.description ?? "\(origin)@\(answer.digest)"
    }

    func tags(in place: MirrorPlace, count: Int?, last: Tag?) async throws -> MirrorList {
        guard let origin = place.origin else { throw unknown(place) }
        let list = try await resolver.tags(at: origin, count: count, last: last)
        return shown(list, origin, "tags/list")
    }

    func referrers(to digest: Digest, in place: MirrorPlace, artifactType: String?) async throws -> MirrorList {
        guard let origin = place.origin else { throw unknown(place) }
        let list = try await resolver.referrers(of: digest, at: origin, artifactType: artifactType)
        return shown(list, origin, "referrers/\(digest)")
    }

    private func unknown(_ place: MirrorPlace) -> MirrorFailure {
        MirrorFailure(.notFound, "\(place) is not known in the local namespace")
    }

    /// The next page is linked in the form that works whichever form was asked in.
    private func shown(_ list: ListAnswer, _ origin: Origin, _ path: String) -> MirrorList {
        var headers: [(name: String, value: String)] = []
        if let query = list.nextQuery {
            headers.append(("Link", "</v2/\(origin.repository)/\(path)?\(query)&ns=\(origin.registry)>; rel=\"next\""))
        }
        if let filters = list.filtersApplied { headers.append(("OCI-Filters-Applied", filters)) }
        return MirrorList(body: list.body, mediaType: list.contentType, headers: headers)
    }
}

/// A blob on its way to the runtime, counted for the log line of its pull.
private final class PulledReader: BlobReader {
    let reader: any SourcedReader
    private let digest: Digest
    private let isWhole: Bool
    private let pulls: PullLog
    private let count = Atomic<Int64>(0)
    private let isClosed = Atomic(false)

    init(_ reader: any SourcedReader, _ digest: Digest, isWhole: Bool, pulls: PullLog) {
        self.reader = reader
        self.digest = digest
        self.isWhole = isWhole
        self.pulls = pulls
    }

    var size: Int64 { reader.size }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        let slice = try await reader.next(at: offset, limit: limit)
        count.wrappingAdd(slice.length, ordering: .relaxed)
        return slice
    }

    func close() {
        reader.close()
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let bytes = PullLedger.Bytes(of: count.load(ordering: .relaxed), from: reader.sources)
        pulls.blobEnded(digest, bytes: bytes, isWhole: isWhole)
    }
}

extension PullLedger.Bytes {
    /// What a reader got, in the proportion in which the blob's bytes came: several readers may share one download.
    init(of count: Int64, from sources: SourceBytes) {
        let all = sources.store + sources.fromPeers + sources.upstream
        guard all > 0 else { return }
        peers = Int64(Double(count) * Double(sources.fromPeers) / Double(all))
        upstream = Int64(Double(count) * Double(sources.upstream) / Double(all))
        store = count - peers - upstream
    }
}
