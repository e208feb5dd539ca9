internal import FoundationEssentials
internal import GRPCCore
public import OCI
internal import Synchronization

/// What became of a blob that was to be written.
public enum BlobWriting: Hashable, Sendable {
    /// The namespace had it already. It is leased now; its labels are as they were.
    case present
    /// Another namespace had it: the bytes are shared, none was moved.
    case shared
    /// Its bytes were written.
    case written
}

/// Bringing in blobs (containerd's content service, `Write`).
extension ContainerdClient {
    /// How many bytes go into one message.
    public static let portion: Int64 = 1 << 20
    /// What writing one blob may take: its bytes come as fast as they can be had, and whoever gives them ends what stands still.
    private static let writingTime: Duration = .seconds(24 * 3600)

    /// Writes a blob, whose bytes containerd hashes itself, and keeps it by the lease.
    ///
    /// - Parameters:
    ///   - labels: of the blob; not set where the namespace had it.
    ///   - next: gives the bytes from an offset on, between one and ``portion`` of them; not called where none is needed.
    /// - Throws: what `next` throws; ``ContainerdError`` where containerd does not take it: nothing of it is visible then.
    public func write(
        _ digest: Digest, size: Int64, labels: [String: String], under lease: RuntimeLease,
        next: @escaping @Sendable (Int64) async throws -> [UInt8]
    ) async throws -> BlobWriting {
        let exchange = WriteExchange(
            digest: digest, size: size, labels: labels, ref: "\(lease.id)-\(digest)", next: next)
        do throws(ContainerdError) {
            try await call("writing blob \(digest)") {
                try await WireContent.Client(wrapping: self.grpc).write(
                    metadata: Self.metadata(lease), options: Self.options(Self.writingTime)
                ) { writer in
                    try await exchange.ask(writer)
                } onResponse: { response in
                    for try await answer in response.messages { exchange.hear(answer.offset) }
                }
            }
        } catch {
            // A connection that breaks cancels whoever is to write to it: that is not why it broke.
            if let cause = exchange.failure, !(cause is CancellationError) || Task.isCancelled { throw cause }
            guard error.code == .alreadyThere else { throw error }
            return .present
        }
        if let cause = exchange.failure { throw cause }
        return exchange.wasShared ? .shared : .written
    }

    /// Sets labels of a blob that the namespace holds; its others stay.
    public func label(
        _ digest: Digest, _ labels: [String: String], in namespace: String
    ) async throws(ContainerdError) {
        guard !labels.isEmpty else { return }
        var request = WireUpdateContentRequest()
        request.info.digest = digest.description
        request.info.labels = labels
        request.updateMask.paths = labels.keys.sorted().map { "labels.\($0)" }
        _ = try await call("the labels of blob \(digest)") { [request] in
            try await WireContent.Client(wrapping: self.grpc).update(
                request, metadata: Self.metadata(namespace), options: Self.options())
        }
    }
}

/// The two sides of one write: requests go out as answers allow.
private final class WriteExchange: Sendable {
    private struct State {
        var failure: (any Error)?
        var wasShared = false
    }

    private let digest: Digest
    private let size: Int64
    private let labels: [String: String]
    private let ref: String
    private let next: @Sendable (Int64) async throws -> [UInt8]
    private let state = Mutex(State())
    /// The offsets that containerd tells. Only the first matters; the others are drained.
    private let offsets: AsyncStream<Int64>
    private let told: AsyncStream<Int64>.Continuation

    init(
        digest: Digest, size: Int64, labels: [String: String], ref: String,
        next: @escaping @Sendable (Int64) async throws -> [UInt8]
    ) {
        self.digest = digest
        self.size = size
        self.labels = labels
        self.ref = ref
        self.next = next
        (offsets, told) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    /// What `next` has thrown.
    var failure: (any Error)? { state.withLock { $0.failure } }
    var wasShared: Bool { state.withLock { $0.wasShared } }

    func hear(_ offset: Int64) { told.yield(offset) }

    func ask(_ writer: RPCWriter<WireWriteContentRequest>) async throws {
        var request = WireWriteContentRequest()
        request.action = .stat
        request.ref = ref
        request.total = size
        request.expected = digest.description
        try await writer.write(request)
        // Where another namespace has the blob, all of it is there from the beginning.
        guard let start = await offsets.first(where: { _ in true }) else { throw CancellationError() }
        var offset: Int64 = 0
        if size > 0, start == size {
            state.withLock { $0.wasShared = true }
            offset = size
        }
        while offset < size {
            let bytes = try await portion(at: offset)
            var request = WireWriteContentRequest()
            request.action = .write
            request.offset = offset
            request.data = Data(bytes)
            try await writer.write(request)
            offset += Int64(bytes.count)
        }
        var last = WireWriteContentRequest()
        last.action = .commit
        last.total = size
        last.offset = size
        last.expected = digest.description
        last.labels = labels
        try await writer.write(last)
    }

    private func portion(at offset: Int64) async throws -> [UInt8] {
        do {
            return try await next(offset)
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }
}
