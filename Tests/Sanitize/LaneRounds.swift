import Glibc
import Integrity
import OCI

/// Random jobs through every kernel's lanes and chains of random portions, beside libcrypto's whole hash. Ends with 1 where two
/// disagree. Run by deploy/sanitize.
@main
enum LaneRounds {
    static func main() throws {
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100
        let seed = CommandLine.arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 1
        for kernel in HashKernel.usable {
            var random = SeededGenerator(state: seed &* 0x9e37_79b9_7f4a_7c15 | 1)
            for round in 0..<rounds {
                try check(lanes(LaneHasher(only: kernel), &random), kernel.name, round, seed)
            }
        }
        var random = SeededGenerator(state: seed &* 0x9e37_79b9_7f4a_7c15 | 1)
        for round in 0..<rounds {
            try check(lanes(LaneHasher(), &random), "chosen kernels", round, seed)
            if round % 20 == 0 { try check(chain(&random), "chain", round, seed) }
        }
        print("  lanes and chains: \(rounds) rounds")
    }

    private static func check(_ isRight: Bool, _ what: String, _ round: Int, _ seed: UInt64) {
        guard !isRight else { return }
        print("  \(what): wrong in round \(round) with seed \(seed)")
        exit(1)
    }

    /// More messages than lanes, most of them short, some longer than a lane's buffer.
    private static func lanes(_ hasher: borrowing LaneHasher, _ random: inout SeededGenerator) throws -> Bool {
        let messages = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            bytes(
                Int.random(in: 0...(Int.random(in: 0..<10, using: &random) == 0 ? 200_000 : 300), using: &random),
                &random)
        }
        let jobs = messages.map { message in
            LaneJob(from: .initial, length: Int64(message.count), messageLength: Int64(message.count)) {
                offset, buffer in
                buffer.copyBytes(from: message[Int(offset)..<Int(offset) + buffer.count])
            }
        }
        return try zip(hasher.run(jobs), messages).allSatisfy { result, message in
            try result.get().end.bytes == ContentHasher.digest(of: message).bytes
        }
    }

    /// A blob of two pieces in portions of all sizes: each piece of it holds its link.
    private static func chain(_ random: inout SeededGenerator) throws -> Bool {
        let blob = bytes(Int(HashChain.pieceSize) + Int.random(in: 1...100_000, using: &random), &random)
        var hasher = ChainHasher()
        var rest = blob[...]
        while !rest.isEmpty {
            let portion = rest.prefix(Int.random(in: 0...300_000, using: &random))
            portion.withUnsafeBytes { hasher.update($0) }
            rest = rest.dropFirst(portion.count)
        }
        let chain = hasher.finish()
        let links = (0..<chain.pieces).compactMap { chain.link(of: $0) }
        let jobs = links.enumerated().map { piece, link in
            let range = chain.range(of: piece)
            return LaneJob(
                from: link.start, length: range.upperBound - range.lowerBound, messageLength: link.messageLength
            ) { offset, buffer in
                buffer.copyBytes(from: blob[Int(range.lowerBound + offset)...].prefix(buffer.count))
            }
        }
        return try chain.digest == ContentHasher.digest(of: blob)
            && zip(LaneHasher().run(jobs), links).allSatisfy { try $0.get().end == $1.end }
    }

    private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

/// The same numbers for the same seed.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
