import Archive
import Content
import NIOCore
import OCI

/// The bytes of an archive that was laid out, read from the stores as they are sent.
struct ArchiveBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    /// How much of a blob is in memory at once.
    private static let step: Int64 = 1 << 20

    let plan: ArchivePlan
    let images: any LocalImages

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: plan.parts[...], images: images) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var parts: ArraySlice<ArchivePlan.Part>
        let images: any LocalImages
        /// The blob that is being read, and how far it is.
        var blob: (open: OpenBlob, offset: Int64)?

        init(parts: ArraySlice<ArchivePlan.Part>, images: any LocalImages) {
            self.parts = parts
            self.images = images
        }

        mutating func next() async throws -> ByteBuffer? {
            while true {
                if let (open, offset) = blob {
                    guard offset < open.reader.size else {
                        blob = nil
                        continue
                    }
                    let slice = try await open.reader.next(
                        at: offset, limit: Swift.min(ArchiveBody.step, open.reader.size - offset))
                    blob = (open, offset + slice.length)
                    return ByteBuffer(bytes: try await slice.bytes())
                }
                switch parts.popFirst() {
                case nil: return nil
                case .bytes(let bytes): return ByteBuffer(bytes: bytes)
                case .blob(let digest, let size): blob = (try await open(digest, size), 0)
                }
            }
        }

        private func open(_ digest: Digest, _ size: Int64) async throws -> OpenBlob {
            let open = OpenBlob(reader: try await images.open(digest))
            guard open.reader.size == size else {
                throw ArchiveError(
                    .damaged,
                    "\(digest) has \(open.reader.size) bytes, and its manifest says \(size); 'shoal verify' tells more")
            }
            return open
        }
    }

    /// Closes a reader when nobody reads it any more, be it because the client went away.
    final class OpenBlob: Sendable {
        let reader: any BlobReader

        init(reader: any BlobReader) { self.reader = reader }

        deinit { reader.close() }
    }
}
