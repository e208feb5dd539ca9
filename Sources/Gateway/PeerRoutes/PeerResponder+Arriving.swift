import Content
import NIOCore
import NIOHTTP1
import OCI

/// Uploads to peers, of pieces of blobs that are still arriving.
///
/// Who asks for bytes that are on their way may wait for them (`Prefer: wait=N`). Waiting holds no upload slot: the slot is taken when
/// the first byte is here, and where there is none then, the asker is told at once who else has the piece.
extension PeerResponder {
    /// For so long an upload goes on without a byte.
    static let patience: Duration = .seconds(15)

    private enum Opening {
        case opened(any BlobReader)
        case missing
        case crowded
    }

    func arriving(_ digest: Digest, _ request: HTTPRequest, _ asker: PeerAsker) async -> HTTPResponse {
        guard request.method == .GET else {
            guard let partial = backend.partialBlob(digest) else { return Self.notOffered(digest) }
            var headers = Self.headers(digest)
            headers.add(name: "Content-Length", value: String(partial.size))
            headers.add(name: "Shoal-Pieces", value: partial.pieces)
            return HTTPResponse(status: .ok, headers: headers)
        }
        // The end of what arrives is nobody's to promise: closed ranges only.
        guard case .closed(let first, let last) = Self.range(request, EntityTag(digest)) else {
            return missing(digest, at: 0, wait: nil)
        }
        let range = first..<(last == .max ? last : last + 1)
        guard !range.isEmpty else { return missing(digest, at: first, wait: nil) }
        let wait = WaitPreference(headers: request.headers["Prefer"])
        do {
            switch try await open(digest, range, wait, from: asker.address) {
            case .opened(let reader):
                return send(digest, range, reader, wait, asker)
            case .crowded:
                return busy(digest, at: range.lowerBound, asker)
            case .missing:
                // It may have become whole meanwhile.
                guard let size = backend.offeredSize(of: digest) else {
                    return missing(digest, at: range.lowerBound, wait: wait)
                }
                return await offered(digest, size: size, request, asker)
            }
        } catch {
            return missing(digest, at: range.lowerBound, wait: wait)
        }
    }

    /// Opens what is here; else waits for it, where the asker wants that and there is room for one more who waits.
    private func open(
        _ digest: Digest, _ range: Range<Int64>, _ wait: WaitPreference?, from address: String
    ) async throws -> Opening {
        if let reader = try await backend.openArriving(digest, range: range, wait: .zero) { return .opened(reader) }
        guard let wait else { return .missing }
        guard let place = waits.enter(address) else { return .crowded }
        defer { withExtendedLifetime(place) {} }
        return try await backend.openArriving(digest, range: range, wait: wait.duration).map(Opening.opened) ?? .missing
    }

    private func send(
        _ digest: Digest, _ range: Range<Int64>, _ reader: any BlobReader, _ wait: WaitPreference?, _ asker: PeerAsker
    ) -> HTTPResponse {
        guard let contentRange = ContentRange(range.clamped(to: 0..<reader.size), size: reader.size) else {
            reader.close()
            return Self.unsatisfiable(size: reader.size)
        }
        guard let slot = backend.acquireUpload(of: digest, to: asker.address, inSwarm: true) else {
            reader.close()
            return busy(digest, at: range.lowerBound, asker)
        }
        var headers = Self.headers(digest)
        headers.add(name: "Content-Range", value: contentRange.header)
        if let wait { headers.add(name: "Preference-Applied", value: wait.header) }
        let body = HTTPBlobBody(
            reader: PatientReader(base: reader, patience: Self.patience), range: contentRange.range)
        return sending(digest, body, .partialContent, headers, slot)
    }

    /// The bytes are neither here nor coming: what is here instead.
    private func missing(_ digest: Digest, at offset: Int64, wait: WaitPreference?) -> HTTPResponse {
        guard let partial = backend.partialBlob(digest) else { return Self.notOffered(digest) }
        guard offset < max(partial.size, 1) else { return Self.unsatisfiable(size: partial.size) }
        var headers: HTTPHeaders = ["Shoal-Pieces": partial.pieces]
        if let wait { headers.add(name: "Preference-Applied", value: wait.header) }
        return .problem(.notFound, "these bytes of \(digest) have not arrived here", headers: headers)
    }
}
