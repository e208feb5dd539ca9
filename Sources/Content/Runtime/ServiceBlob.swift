import Glibc
import OCI
import SystemPackage

/// A blob that is read through containerd, because its file cannot be: a piece at a time.
struct ServiceBlob: BlobReader {
    /// How many bytes are fetched at once; as many are in memory for each answer that is going out.
    static let pieceSize: Int64 = 1 << 20

    let digest: Digest
    let size: Int64
    /// Fetches bytes of the blob at an offset, from whichever connection there is.
    let fetch: @Sendable (_ offset: Int64, _ count: Int) async throws -> [UInt8]

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        guard 0..<size ~= offset, limit > 0 else {
            throw ContentError(.io, "\(digest) has \(size) bytes; it was asked for \(limit) at \(offset)")
        }
        let wanted = Int(min(limit, Self.pieceSize, size - offset))
        let bytes = try await fetch(offset, wanted)
        guard !bytes.isEmpty, bytes.count <= wanted else {
            throw ContentError(
                .sizeMismatch,
                "containerd gave \(bytes.count) of \(wanted) bytes of \(digest) at \(offset); it has \(size)")
        }
        return FileSlice(file: try OpenFile.memory(holding: bytes), offset: 0, length: Int64(bytes.count))
    }

    func close() {}
}

extension OpenFile {
    /// A file that is nothing but memory, and goes when it is closed: for what takes files only.
    static func memory(holding bytes: [UInt8]) throws(ContentError) -> OpenFile {
        let flags = O_RDWR | O_DIRECTORY | LinuxConstants.unnamedFile
        let file: OpenFile
        do throws(ContentError) {
            file = try open("/dev/shm", flags, mode: 0o600)
        } catch {
            // Some containers have none.
            file = try open("/tmp", flags, mode: 0o600)
        }
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try file.write(UnsafeRawBufferPointer(buffer), at: 0)
        }
        return file
    }
}
