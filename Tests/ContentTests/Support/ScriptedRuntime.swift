import FoundationEssentials
import Glibc
import OCI
import Synchronization
import SystemPackage

@testable import Content

/// A runtime whose content is what a test says. It can be away, and it tells what happens where a test wants it to.
final class ScriptedRuntime: RuntimeService, RuntimeConnector {
    struct Gone: Error, CustomStringConvertible {
        var description = "nobody listens"
    }

    private struct State {
        var isUp = true
        var listings: [String: NamespaceListing] = [:]
        var bytes: [Digest: [UInt8]] = [:]
        var events: [AsyncThrowingStream<RuntimeNotice, any Error>.Continuation] = []
        var log: [String] = []
    }

    /// Where the files are; nil: nobody knows.
    let files: ContentFiles?
    private let state = Mutex(State())

    init(files: ContentFiles?) {
        self.files = files
    }

    // MARK: What a test does

    /// Takes content in, file first, as containerd does.
    @discardableResult
    func commit(
        _ bytes: [UInt8], in namespace: String = "default", children: [Digest] = [], origins: [Origin] = [],
        created: Int64 = 1_700_000_000, isTold: Bool = true
    ) throws -> Digest {
        let digest = digestOf(bytes)
        try writeFile(bytes, as: digest)
        let content = ListedContent(
            size: Int64(bytes.count), created: created, children: children, origins: origins)
        change {
            $0.listings[namespace, default: NamespaceListing()].contents[digest] = content
            $0.bytes[digest] = bytes
        }
        if isTold { tell(.content(digest, isThere: true)) }
        return digest
    }

    func writeFile(_ bytes: [UInt8], as digest: Digest) throws {
        guard let files else { return }
        let folder = files.blobs(digest.algorithm)
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        let ingest = files.folder.appending("ingest-\(digest.hex)")
        // Thousands of files: none of them has to outlive a power cut.
        let file = try FileDescriptor.open(
            ingest, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
        guard rename(ingest.string, files.path(of: digest).string) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Garbage collection took a blob; its file goes with the last namespace.
    func collect(_ digest: Digest, in namespace: String = "default", isTold: Bool = true) {
        let isLast = change { state in
            state.listings[namespace]?.contents[digest] = nil
            return !state.listings.values.contains { $0.contents[digest] != nil }
        }
        if isLast, let files { unlink(files.path(of: digest).string) }
        if isTold { tell(.content(digest, isThere: false)) }
    }

    func tag(_ name: String, _ digest: Digest, in namespace: String = "default", updated: Int64 = 1_700_000_000) {
        let size = state.withLock { Int64($0.bytes[digest]?.count ?? 0) }
        let image = ListedImage(
            reference: try? ImageReference(normalizing: name), digest: digest, mediaType: .ociManifest, size: size,
            updated: updated)
        change { $0.listings[namespace, default: NamespaceListing()].images[name] = image }
        tell(.image(RuntimeImageName(namespace: namespace, name: name)))
    }

    func untag(_ name: String, in namespace: String = "default") {
        change { $0.listings[namespace]?.images[name] = nil }
        tell(.image(RuntimeImageName(namespace: namespace, name: name)))
    }

    func removeNamespace(_ name: String) {
        change { $0.listings[name] = nil }
        tell(.namespaces)
    }

    func tell(_ event: RuntimeNotice) {
        for continuation in state.withLock({ $0.events }) { continuation.yield(event) }
    }

    /// Stops, as containerd does when it is killed; or starts again.
    func set(isUp: Bool) {
        let streams = change { state in
            state.isUp = isUp
            defer { if !isUp { state.events = [] } }
            return isUp ? [] : state.events
        }
        for stream in streams { stream.finish(throwing: Gone()) }
    }

    /// What was asked, in order.
    var log: [String] { state.withLock { $0.log } }

    @discardableResult
    private func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        state.withLock { body(&$0) }
    }

    private func answer<Value>(_ question: String, _ body: (inout State) -> Value) throws -> Value {
        let value = state.withLock { state -> Value? in
            guard state.isUp else { return nil }
            state.log.append(question)
            return body(&state)
        }
        guard let value else { throw Gone() }
        return value
    }

    // MARK: RuntimeConnector

    func withRuntime(at socket: FilePath, _ body: @escaping @Sendable (any RuntimeService) async throws -> Void)
        async throws
    {
        _ = try answer("connect") { _ in () }
        try await body(self)
    }

    // MARK: RuntimeService

    func version() async throws -> String { try answer("version") { _ in "1.6.20" } }

    func contentRoot() async throws -> FilePath? { try answer("root") { _ in files?.folder } }

    func namespaces() async throws -> [String] { try answer("namespaces") { Array($0.listings.keys) } }

    func listing(of namespace: String) async throws -> NamespaceListing {
        try answer("list \(namespace)") { $0.listings[namespace] ?? NamespaceListing() }
    }

    func content(_ digest: Digest, in namespace: String) async throws -> ListedContent? {
        try answer("content \(namespace) \(digest)") { $0.listings[namespace]?.contents[digest] }
    }

    func image(_ name: RuntimeImageName) async throws -> ListedImage? {
        try answer("image \(name)") { $0.listings[name.namespace]?.images[name.name] }
    }

    func read(_ digest: Digest, in namespace: String, at offset: Int64, count: Int) async throws -> [UInt8] {
        try answer("read \(digest) \(offset) \(count)") { state in
            Array((state.bytes[digest] ?? []).dropFirst(Int(offset)).prefix(count))
        }
    }

    func events(in namespaces: [String]) async throws -> any AsyncSequence<RuntimeNotice, any Error> & Sendable {
        let (stream, continuation) = AsyncThrowingStream<RuntimeNotice, any Error>.makeStream()
        _ = try answer("events") { $0.events.append(continuation) }
        return stream
    }
}
