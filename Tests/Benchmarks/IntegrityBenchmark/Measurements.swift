import Integrity
import OCI

/// What is measured: each works through the whole blob once and says whether the result is right.
struct Measurements {
    let blob: SampleBlob

    var all: [(name: String, work: () throws -> Bool)] {
        [
            ("libcrypto, from front to back", { hash(ContentHasher(.sha256)) == blob.digest }),
            ("the same, making the chain in passing", { chain() == blob.chain }),
        ]
            + HashKernel.usable.map { kernel in
                (
                    "pieces as lanes: \(kernel.name), \(kernel.lanes) at a time",
                    { verifies(LaneHasher(only: kernel), reading: blob.bytes.copy) }
                )
            } + [
                ("pieces as lanes: as chosen for this machine", { verifies(LaneHasher(), reading: blob.bytes.copy) }),
                ("the sum of each piece", { try sums() }),
                ("a file by its digest, read and hashed", { try readAndHash() == blob.digest }),
                ("a file by its chain, read and hashed", { verifies(LaneHasher(), reading: blob.read) }),
            ]
    }

    private func hash(_ hasher: consuming ContentHasher) -> Digest {
        for start in stride(from: 0, to: blob.bytes.count, by: 1 << 20) {
            hasher.update(UnsafeRawBufferPointer(rebasing: blob.bytes[start...].prefix(1 << 20)))
        }
        return hasher.finish()
    }

    private func chain() -> HashChain {
        var hasher = ChainHasher()
        for start in stride(from: 0, to: blob.bytes.count, by: 1 << 20) {
            hasher.update(UnsafeRawBufferPointer(rebasing: blob.bytes[start...].prefix(1 << 20)))
        }
        return hasher.finish()
    }

    private func verifies(_ hasher: borrowing LaneHasher, reading read: @escaping LaneJob.Reader) -> Bool {
        let links = (0..<blob.pieces).compactMap { blob.chain.link(of: $0) }
        let jobs = links.enumerated().map { piece, link in
            let range = blob.chain.range(of: piece)
            return LaneJob(
                from: link.start, length: range.upperBound - range.lowerBound, messageLength: link.messageLength
            ) { try read(range.lowerBound + $0, $1) }
        }
        return zip(hasher.run(jobs), links).allSatisfy { (try? $0.get().end) == $1.end }
    }

    private func sums() throws -> Bool {
        var first: PieceSum?
        for piece in 0..<blob.pieces {
            let range = blob.chain.range(of: piece)
            let sum = try PieceSum(length: range.upperBound - range.lowerBound) { [bytes = blob.bytes] in
                bytes.copy(from: range.lowerBound + $0, into: $1)
            }
            first = first ?? sum
        }
        return first == blob.sum
    }

    private func readAndHash() throws -> Digest {
        var hasher = ContentHasher(.sha256)
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 64) { buffer in
            for offset in stride(from: 0, to: blob.size, by: buffer.count) {
                try blob.read(from: offset, into: buffer)
                hasher.update(UnsafeRawBufferPointer(buffer))
            }
        }
        return hasher.finish()
    }
}
