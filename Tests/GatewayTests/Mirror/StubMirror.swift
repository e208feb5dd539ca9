import Content
import NIOCore
import OCI
import Synchronization

@testable import Gateway

/// A mirror that has one image: a tag, its manifest, and one blob with the pattern's bytes.
final class StubMirror: MirrorBackend {
    static let blobDigest = text("sha256:" + String(repeating: "b", count: 64), Digest.init)
    static let manifestDigest = text("sha256:" + String(repeating: "a", count: 64), Digest.init)
    static let manifestBytes = Array(#"{"schemaVersion":2}"#.utf8)

    /// What openBlob throws.
    let openError: (any Error)?
    let blobSize: Int64
    let closed = Signal<Void>()
    private let asked = Mutex<[String]>([])
    private let shown = Mutex<[String?]>([])

    init(blobSize: Int64 = 1000, openError: (any Error)? = nil) {
        self.blobSize = blobSize
        self.openError = openError
    }

    /// What the routes asked for, in order.
    var questions: [String] { asked.withLock { $0 } }

    /// What requests carried for the registry behind the mirror, in order.
    var authorizations: [String?] { shown.withLock { $0 } }

    private func note(_ question: String) { asked.withLock { $0.append(question) } }
    private func note(_ authorization: ClientAuthorization?) { shown.withLock { $0.append(authorization?.value) } }

    func openBlob(_ question: MirrorBlobQuestion) async throws -> any BlobReader {
        note(question.authorization)
        note("open \(question.place) \(question.form) \(question.range)")
        if let openError { throw openError }
        guard question.digest == Self.blobDigest else { throw MirrorFailure(.notFound, "nobody has it") }
        let whole = try WholeReader(Int(blobSize))
        return ClosingReader(reader: whole, closed: closed)
    }

    func blobSize(_ question: MirrorBlobQuestion) async throws -> Int64 {
        note(question.authorization)
        note("size \(question.place) \(question.form)")
        guard question.digest == Self.blobDigest else { throw MirrorFailure(.notFound, "nobody has it") }
        return blobSize
    }

    func passThrough(
        _ question: MirrorBlobQuestion, after reader: (any BlobReader)?, rest: Range<Int64>
    ) async throws -> HTTPBodyStream {
        note("pass \(rest)")
        return AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(bytes: pattern(Int(rest.lowerBound)..<Int(rest.upperBound))))
            continuation.finish()
        }
    }

    func manifest(_ question: MirrorManifestQuestion) async throws -> MirrorManifest {
        note(question.authorization)
        note("manifest \(question.place) \(question.form) \(question.reference) \(question.isGet ? "GET" : "HEAD")")
        switch question.reference {
        case .tag(let tag) where "\(tag)" == "denied":
            throw DistributionError(code: .unauthorized, message: "upstream wants credentials")
        case .tag(let tag) where "\(tag)" == "throttled":
            throw DistributionError(code: .tooManyRequests, message: "upstream has had enough")
        case .tag(let tag) where "\(tag)" == "busy":
            throw MirrorFailure(.busy, "too much to do")
        case .tag(let tag) where "\(tag)" == "odd":
            throw OddError()
        case .tag(let tag) where "\(tag)" == "latest":
            return MirrorManifest(digest: Self.manifestDigest, mediaType: .ociManifest, bytes: Self.manifestBytes)
        case .digest(Self.manifestDigest):
            return MirrorManifest(digest: Self.manifestDigest, mediaType: .ociManifest, bytes: Self.manifestBytes)
        default:
            throw MirrorFailure(.notFound, "nobody knows it")
        }
    }

    func tags(
        in place: MirrorPlace, authorization: ClientAuthorization?, count: Int?, last: Tag?
    ) async throws -> MirrorList {
        note(authorization)
        note("tags \(place) \(count.map(String.init) ?? "-") \(last.map(String.init(describing:)) ?? "-")")
        return MirrorList(
            body: Array(#"{"name":"app","tags":["latest"]}"#.utf8), mediaType: "application/json",
            headers: [("Link", "</v2/app/tags/list?n=1&last=latest>; rel=\"next\"")])
    }

    func referrers(
        to digest: Digest, in place: MirrorPlace, authorization: ClientAuthorization?, artifactType: String?,
        continuation: String?
    ) async throws -> MirrorList {
        note(authorization)
        note("referrers \(place) \(artifactType ?? "-")" + (continuation.map { " \($0)" } ?? ""))
        return MirrorList(
            body: Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8),
            mediaType: "application/vnd.oci.image.index.v1+json")
    }
}

struct OddError: Error {}

private struct ClosingReader: BlobReader {
    var reader: WholeReader
    var closed: Signal<Void>
    var size: Int64 { reader.size }
    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        try await reader.next(at: offset, limit: limit)
    }
    func close() { closed.send(()) }
}

/// A value from a text that is known to be valid.
func text<Value>(_ text: String, _ make: (String) throws -> Value) -> Value {
    do { return try make(text) } catch { preconditionFailure("\(text): \(error)") }
}

extension MirrorResponder {
    init(
        _ backend: StubMirror, audience: MirrorAudience = .runtimes, allowsRemote: Bool = false,
        users: (any PushUsers)? = nil
    ) {
        self.init(
            backend: backend, audience: audience, allowsRemote: allowsRemote, users: users,
            isConfiguredUpstream: { $0.host == "corp" })
    }
}
