import Content
import NIOCore

/// Sends the bytes of a body, and no more of them than the client takes.
struct BodyWriter {
    /// The body's source failed: what was promised cannot be sent.
    struct SourceFailure: Error {
        var cause: any Error
    }

    /// The start of a blob's range, ready to be sent: what the status line waits for.
    enum Start {
        case empty
        case piece(Piece)
        case stream(HTTPBodyStream)
    }

    /// Bytes of a blob that can go out at once.
    enum Piece {
        /// A region of a file, in memory already.
        case region(FileSlice, FileLease)
        case chunk(ByteBuffer)
    }

    let outbound: NIOAsyncChannelOutboundWriter<ResponsePart>
    let link: ConnectionLink
    let warmer: RegionWarmer
    let regionSize: Int64
    /// Reads what cannot be sent as a region of a file; nil where it can.
    let chunks: ChunkReader?
    /// Nil: nothing but the client decides how fast bytes go out.
    let pace: (any BodyPace)?

    /// Waits for the first bytes of a blob.
    /// - Throws: ``SourceFailure``; nothing has been sent then.
    func start(_ blob: HTTPBlobBody) async throws -> Start {
        guard !blob.range.isEmpty else { return .empty }
        do {
            return .piece(try await piece(of: blob, at: blob.range.lowerBound, after: nil))
        } catch {
            return .stream(try await rest(of: blob, from: blob.range.lowerBound, after: error))
        }
    }

    /// Sends a blob's range.
    /// - Throws: ``SourceFailure``; anything else means that the client is gone.
    func write(_ blob: HTTPBlobBody, from start: Start) async throws {
        switch start {
        case .empty: break
        case .stream(let stream): try await write(stream, length: Int64(blob.range.count))
        case .piece(let piece): try await write(blob, from: piece)
        }
    }

    private func write(_ blob: HTTPBlobBody, from first: Piece) async throws {
        var piece = first
        var offset = blob.range.lowerBound
        while true {
            switch piece {
            case .region(let slice, let lease):
                let region = FileRegion(
                    fileHandle: lease.handle, readerIndex: Int(slice.offset),
                    endIndex: Int(slice.offset + slice.length))
                try await write(.file(region, lease), Int(slice.length))
                offset += slice.length
            case .chunk(let bytes):
                try await write(.bytes(bytes), bytes.readableBytes)
                offset += Int64(bytes.readableBytes)
            }
            guard offset < blob.range.upperBound else { return }
            do {
                piece = try await self.piece(of: blob, at: offset, after: piece)
            } catch {
                let stream = try await rest(of: blob, from: offset, after: error)
                return try await write(stream, length: blob.range.upperBound - offset)
            }
        }
    }

    /// Sends chunks as they come: exactly `length` bytes where that is given.
    func write(_ stream: HTTPBodyStream, length: Int64?) async throws {
        try await Self.forEachChunk(of: stream, upTo: length) { chunk in
            try await write(.bytes(chunk), chunk.readableBytes)
        }
    }

    // MARK: Steps

    private func piece(of blob: HTTPBlobBody, at offset: Int64, after last: Piece?) async throws -> Piece {
        let size = chunks == nil ? regionSize : ChunkReader.size
        let limit = min(pace?.portion ?? .max, size, blob.range.upperBound - offset)
        let slice = try await blob.reader.next(at: offset, limit: limit)
        guard (1...limit).contains(slice.length), slice.offset >= 0 else { throw InvalidSlice(offset: offset) }
        do {
            if let chunks { return .chunk(try await chunks.read(slice)) }
            try await warmer.warm(slice)
        } catch let error as RegionUnreadable {
            guard await blob.reader.unreadable(because: "\(error)") else { throw error }
            return try await piece(of: blob, at: offset, after: last)
        }
        // The reader may go on in another file, such as the store's once the spool's has been moved there.
        if case .region(let before, let lease) = last, before.file === slice.file { return .region(slice, lease) }
        return .region(slice, try FileLease(slice.file))
    }

    private func rest(of blob: HTTPBlobBody, from offset: Int64, after error: any Error) async throws -> HTTPBodyStream
    {
        do {
            if let stream = try await blob.continuation?(error, offset..<blob.range.upperBound) { return stream }
        } catch {
            throw SourceFailure(cause: error)
        }
        throw SourceFailure(cause: error)
    }

    /// Waits for room, and for the pace to allow that many bytes, and hands a part over.
    private func write(_ part: ResponsePart, _ count: Int) async throws {
        await link.wait(for: .room)
        try await pace?.take(count)
        link.writeQueued()
        try await outbound.write(part)
    }

    private static func forEachChunk(
        of stream: some AsyncSequence<ByteBuffer, any Error>, upTo length: Int64?,
        _ body: (ByteBuffer) async throws -> Void
    ) async throws {
        var left = length ?? .max
        var chunks = stream.makeAsyncIterator()
        while left > 0 {
            let next: ByteBuffer?
            do { next = try await chunks.next() } catch { throw SourceFailure(cause: error) }
            guard var chunk = next else { break }
            guard let bytes = chunk.readSlice(length: Int(min(Int64(chunk.readableBytes), left))) else { break }
            left -= Int64(bytes.readableBytes)
            if bytes.readableBytes > 0 { try await body(bytes) }
        }
        if length != nil, left > 0 { throw SourceFailure(cause: StreamTooShort(missing: left)) }
    }
}

/// A stream that ended before its time.
struct StreamTooShort: Error, CustomStringConvertible {
    var missing: Int64

    var description: String { "the body's source ended \(missing) bytes early" }
}

/// A reader that broke its contract.
struct InvalidSlice: Error, CustomStringConvertible {
    var offset: Int64

    var description: String { "the blob's reader returned a slice for offset \(offset) that was not asked for" }
}
