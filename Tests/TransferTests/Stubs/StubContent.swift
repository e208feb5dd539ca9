import Integrity
import NIOHTTP1
import OCI

/// What a stub registry has, and the honest answers to questions about it: a value.
struct StubContent: Sendable {
    private var blobs: [Digest: ArraySlice<UInt8>] = [:]
    private var manifests: [String: [String: (bytes: [UInt8], mediaType: MediaType)]] = [:]
    private var referrers: [Digest: String] = [:]

    mutating func add(blob: some Sequence<UInt8>) -> Digest {
        let bytes = Array(blob)
        let digest = ContentHasher.digest(of: bytes)
        blobs[digest] = bytes[...]
        return digest
    }

    mutating func add(manifest: [UInt8], _ mediaType: MediaType, to repository: String, tag: String?) -> Digest {
        let digest = ContentHasher.digest(of: manifest)
        for reference in [digest.description, tag].compactMap({ $0 }) {
            manifests[repository, default: [:]][reference] = (manifest, mediaType)
        }
        return digest
    }

    mutating func add(referrers index: String, of digest: Digest) { referrers[digest] = index }

    /// Nil where the path is none of the distribution API's.
    func answer(_ request: StubRequest, ignoringRange: Bool) -> StubResponse? {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.first == "v2" else { return nil }
        guard parts.count >= 4 else { return parts.count == 1 ? .text(200, "{}") : nil }
        let name = parts[1..<(parts.count - 2)].joined(separator: "/")
        let reference = parts[parts.count - 1]
        switch parts[parts.count - 2] {
        case "blobs": return blob(reference, range: ignoringRange ? nil : request.headers.first(name: "Range"))
        case "manifests": return manifest(name, reference)
        case "tags": return tags(name)
        case "referrers":
            guard let digest = try? Digest(reference), let index = referrers[digest] else { return Self.unknown }
            return StubResponse(200, [("Content-Type", MediaType.ociIndex.rawValue)], body: index.utf8)
        default: return nil
        }
    }

    /// The repository that a path of the distribution API is about.
    static func repository(of path: String) -> String? {
        let parts = path.split(separator: "/")
        guard parts.first == "v2", parts.count >= 4 else { return nil }
        return parts[1..<(parts.count - 2)].joined(separator: "/")
    }

    private static let unknown = StubResponse.text(404, #"{"errors":[{"code":"UNKNOWN","message":"unknown"}]}"#)

    private func blob(_ reference: String, range: String?) -> StubResponse {
        guard let digest = try? Digest(reference), let bytes = blobs[digest] else { return Self.unknown }
        let headers = [
            ("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", reference),
            ("Accept-Ranges", "bytes"),
        ]
        let size = Int64(bytes.count)
        let asked = RangeRequest(header: range)
        switch asked.resolve(size: size) {
        case .whole:
            var response = StubResponse(200, headers)
            response.body = bytes
            return response
        case .unsatisfiable:
            return StubResponse(416, headers + [("Content-Range", ContentRange.unsatisfied(size: size))])
        case .partial(let range):
            let content = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            var response = StubResponse(206, headers + [("Content-Range", content)])
            response.body = bytes[Int(range.lowerBound)..<Int(range.upperBound)]
            return response
        }
    }

    private func manifest(_ name: String, _ reference: String) -> StubResponse {
        guard let (bytes, mediaType) = manifests[name]?[reference] else { return Self.unknown }
        let headers = [
            ("Content-Type", mediaType.rawValue),
            ("Docker-Content-Digest", ContentHasher.digest(of: bytes).description),
        ]
        return StubResponse(200, headers, body: bytes)
    }

    private func tags(_ name: String) -> StubResponse {
        guard let references = manifests[name]?.keys else { return Self.unknown }
        let tags = references.filter { !$0.contains(":") }.sorted().map { "\"\($0)\"" }.joined(separator: ",")
        return .text(200, #"{"name":"\#(name)","tags":[\#(tags)]}"#)
    }
}
