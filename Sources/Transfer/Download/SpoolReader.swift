import Content
import OCI
import Synchronization

/// A reader of a download: gets the spool's bytes as the release rule lets them go.
final class SpoolReader: SourcedReader {
    private let download: Download
    private let id: Int
    private let isClosed = Atomic(false)
    private let onClose: Mutex<(@Sendable (SourceBytes) -> Void)?> = Mutex(nil)

    init(download: Download, id: Int) {
        self.download = download
        self.id = id
    }

    deinit { close() }

    var spool: SpoolFile { download.spool }

    var sources: SourceBytes { download.bytes }

    var record: DownloadRecord? { download.record }

    /// Known once the first byte may go out, which ``BlobFetcher`` waits for before it hands the reader on.
    var size: Int64 { download.size ?? 0 }

    /// Waits until bytes at `offset` may go out, or there is none to wait for.
    func ready(at offset: Int64) async throws {
        _ = try await download.wait(id, at: offset)
    }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        let end = try await download.wait(id, at: offset)
        return FileSlice(file: download.spool.file, offset: offset, length: min(limit, end - offset))
    }

    /// Is told once, at the end, where the download's bytes had come from by then.
    func whenClosed(_ body: @escaping @Sendable (SourceBytes) -> Void) {
        onClose.withLock { $0 = body }
    }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        download.removeReader(id)
        let body = onClose.withLock { body in
            defer { body = nil }
            return body
        }
        body?(download.bytes)
    }
}
