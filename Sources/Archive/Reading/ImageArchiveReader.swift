public import NIOCore
import OCI

/// Reads an archive of images as it comes: what `docker save`, `podman save`, `skopeo`, `ctr images export` and others write, packed by
/// gzip or not; and a folder in OCI's layout, packed by tar.
///
/// Blobs go to the sink as they come. What is held of an archive is one chunk, a list of what was in it, and its few documents.
public struct ImageArchiveReader: Sendable {
    private let sink: any ArchiveSink
    private let limits: ArchiveLimits

    /// - Parameter sink: takes the blobs.
    public init(sink: any ArchiveSink, limits: ArchiveLimits = ArchiveLimits()) {
        self.sink = sink
        self.limits = limits
    }

    /// Reads to the end of the bytes, and finds the images in it.
    ///
    /// What an error leaves behind is blobs that belong to no image; one that is under way is abandoned. So does cancelling the task.
    /// - Parameter next: the next bytes of the archive; nil at their end.
    /// - Throws: ``ArchiveError`` for an archive that is none, is damaged or lacks something; what `next` and the sink throw.
    public func read(_ next: () async throws -> ByteBuffer?) async throws -> ArchiveContents {
        var intake = ArchiveIntake(sink: sink, limits: limits)
        do {
            var bytes = ArchiveBytes()
            while let chunk = try await next() {
                bytes.add(chunk)
                while let plain = try bytes.next() { try await intake.take(plain) }
                try Task.checkCancellation()
            }
            bytes.end()
            while let plain = try bytes.next() { try await intake.take(plain) }
        } catch {
            await intake.abandon()
            throw error
        }
        let catalog: ArchiveCatalog
        let isMarked: Bool
        do {
            (catalog, isMarked) = try intake.finish()
        } catch {
            await intake.abandon()
            throw error
        }
        var finder = ImageFinder(catalog, sink: sink, isMarked: isMarked)
        return try await finder.find()
    }
}
