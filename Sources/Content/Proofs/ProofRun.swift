import Glibc
import Integrity

/// A stretch of a blob and the files that its bytes stand in.
struct ProofRun: Sendable {
    /// How much the kernel is asked to read ahead at a time; it cuts longer wishes short.
    private static let readAhead: Int64 = 128 << 10

    /// The state before its first byte.
    var start = SHA256State.initial
    /// Set where the blob ends with it: its padding is part of it.
    var messageLength: Int64?
    /// In their order.
    var slices: [FileSlice]
    /// Whether the bytes were not in memory before, and need not be afterwards.
    var isCold: Bool

    /// In bytes.
    var length: Int64 { slices.reduce(0) { $0 + $1.length } }

    var job: LaneJob {
        LaneJob(from: start, length: length, messageLength: messageLength) { offset, buffer in
            try read(at: offset, into: buffer)
        }
    }

    /// Fills a buffer with the bytes from an offset of the stretch on.
    /// - Throws: `.sizeMismatch` where a file has fewer than it should; `.io`.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(ContentError) {
        var rest = buffer
        var begin: Int64 = 0
        for slice in slices {
            var position = offset + Int64(buffer.count - rest.count) - begin
            while !rest.isEmpty, 0..<slice.length ~= position {
                let part = UnsafeMutableRawBufferPointer(
                    rebasing: rest.prefix(Int(min(Int64(rest.count), slice.length - position))))
                let count = try slice.file.read(into: part, at: slice.offset + position)
                guard count > 0 else {
                    throw ContentError(
                        .sizeMismatch,
                        "it ends after \(slice.offset + position) of \(slice.offset + slice.length) bytes")
                }
                position += Int64(count)
                rest = UnsafeMutableRawBufferPointer(rebasing: rest.dropFirst(count))
            }
            begin += slice.length
        }
        guard rest.isEmpty else { throw ContentError(.sizeMismatch, "it has fewer bytes than were to be read") }
    }

    /// Lanes read many places in turn, which a disk with a head would answer slowly: it gets each stretch as one wish.
    func prefetch() {
        guard isCold else { return }
        for slice in slices {
            for offset in stride(from: slice.offset, to: slice.offset + slice.length, by: Int(Self.readAhead)) {
                posix_fadvise(
                    slice.file.descriptor, off_t(offset),
                    off_t(min(Self.readAhead, slice.offset + slice.length - offset)), POSIX_FADV_WILLNEED)
            }
        }
    }

    /// Gives the memory back that nobody else had use for.
    func letGo() {
        guard isCold else { return }
        for slice in slices {
            posix_fadvise(slice.file.descriptor, off_t(slice.offset), off_t(slice.length), POSIX_FADV_DONTNEED)
        }
    }
}
