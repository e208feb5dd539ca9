import Content
import Integrity
import OCI

/// A state like no other of its number.
func state(_ number: Int) -> SHA256State {
    SHA256State(bytes: (0..<32).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }) ?? .initial
}

/// A chain of made-up states, for what does not hash.
func madeUpChain(_ seed: UInt8, pieces: Int) throws -> HashChain {
    let size = Int64(pieces - 1) * HashChain.pieceSize + 1
    return try HashChain(
        digest: digestOf([seed]), size: size, encoded: (1..<pieces).flatMap { state($0 + Int(seed)).bytes })
}

/// The true chain of bytes.
func chainOf(_ bytes: [UInt8]) -> HashChain {
    var hasher = ChainHasher()
    bytes.withUnsafeBytes { hasher.update($0) }
    return hasher.finish()
}

/// The chain with one of its states changed.
func forged(_ chain: HashChain, at boundary: Int) throws -> HashChain {
    var states = chain.states
    states[boundary] = state(99)
    return try HashChain(digest: chain.digest, size: chain.size, encoded: states.flatMap(\.bytes))
}
