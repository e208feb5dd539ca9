import FoundationEssentials
import Glibc
import Testing

/// What a bad disk does to files: other bytes at their place, and nothing else that one could see.
enum FileDamage {
    /// Turns one bit; the file's times stay what they were.
    static func flipBit(in path: String, at offset: Int) throws {
        try rewrite(path, at: offset, count: 1) { [$0[0] ^ 1] }
    }

    /// Replaces bytes by what `body` makes of them; the file's times stay what they were.
    static func rewrite(
        _ path: String, at offset: Int, count: Int, _ body: ([UInt8]) throws -> [UInt8]
    ) throws {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw HarnessError("cannot open \(path)") }
        defer { close(descriptor) }
        var facts = stat()
        var bytes = [UInt8](repeating: 0, count: count)
        guard fstat(descriptor, &facts) == 0, pread(descriptor, &bytes, count, offset) == count else {
            throw HarnessError("cannot read \(path) at \(offset)")
        }
        bytes = try body(bytes)
        let times = [facts.st_atim, facts.st_mtim]
        guard pwrite(descriptor, bytes, bytes.count, offset) == bytes.count, futimens(descriptor, times) == 0 else {
            throw HarnessError("cannot write \(path) at \(offset)")
        }
    }
}

extension Node {
    /// Where Shoal's own store has a blob.
    func storedFile(of digest: String) -> String {
        "\(dataDirectory)/store/blobs/" + digest.split(separator: ":").joined(separator: "/")
    }

    /// Lets the node's own store go bad behind the agent's back.
    func flipBit(in digest: String, at offset: Int) throws {
        try FileDamage.flipBit(in: storedFile(of: digest), at: offset)
    }
}
