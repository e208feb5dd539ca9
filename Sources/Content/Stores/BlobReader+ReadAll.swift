extension BlobReader {
    /// All bytes of a blob that is known to be small, such as a manifest.
    ///
    /// - Throws: ``ContentError`` with `.io` where the blob has more than `limit` bytes, or its file fewer than the blob, or cannot be read;
    ///   the reader has been told then that it cannot.
    public func readAll(limit: Int) async throws -> [UInt8] {
        guard size <= limit else {
            throw ContentError(.io, "a blob of \(size) bytes is too large to be read whole; at most \(limit) are")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        while Int64(bytes.count) < size {
            let slice = try await next(at: Int64(bytes.count), limit: size - Int64(bytes.count))
            do throws(ContentError) {
                bytes += try await slice.bytes()
            } catch {
                // From elsewhere, where that can be.
                guard await unreadable(because: error.message) else { throw error }
            }
        }
        return bytes
    }
}

extension FileSlice {
    /// The region's bytes, read on a thread that may wait for the disk.
    public func bytes() async throws(ContentError) -> [UInt8] {
        try await BlockingWork.run { () throws(ContentError) in try self.read() }
    }

    /// The region's bytes. Blocks for as long as the disk takes.
    fileprivate func read() throws(ContentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(length))
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(ContentError) in
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            var filled = 0
            while filled < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let count = try file.read(into: rest, at: offset + Int64(filled))
                guard count > 0 else {
                    throw ContentError(.io, "a blob's file ended at \(offset + Int64(filled)), before the blob did")
                }
                filled += count
            }
        }
        return bytes
    }
}
