import Integrity
import OCI
import Testing

/// Bytes that look like nothing, the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}

extension LaneJob {
    /// A whole message.
    init(message: [UInt8], stride: Int64? = nil) {
        self.init(
            from: .initial, length: Int64(message.count), messageLength: Int64(message.count), stride: stride
        ) { offset, buffer in
            buffer.copyBytes(from: message[Int(offset)...].prefix(buffer.count))
        }
    }
}

@Suite("The lanes")
struct LaneHasherTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var message: String
        var repeated = 1
        var digest: String
        var testDescription: String { "“\(message.prefix(16))” × \(repeated)" }
        var bytes: [UInt8] { Array(String(repeating: message, count: repeated).utf8) }
    }

    /// FIPS 180-4's own examples, and the long one of NIST's.
    static let vectors = [
        Vector(message: "", digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Vector(message: "abc", digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Vector(
            message: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        Vector(
            message: "a", repeated: 1_000_000,
            digest: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test("Every kernel computes what the standard says", arguments: HashKernel.usable.map(\.name), vectors)
    func vector(kernel name: String, vector: Vector) throws {
        let kernel = try #require(HashKernel.usable.first { $0.name == name })
        let hasher = LaneHasher(only: kernel)
        // As many as make every lane work, and one that is left over.
        let jobs = (0...kernel.lanes).map { _ in LaneJob(message: vector.bytes) }
        for result in hasher.run(jobs) { #expect(hex(try result.get().end) == vector.digest) }
    }

    @Test(
        "Every kernel agrees with libcrypto over messages of all sizes side by side",
        arguments: HashKernel.usable.map(\.name), [UInt64(1), 2, 3, 4])
    func differential(kernel name: String, seed: UInt64) throws {
        let kernel = try #require(HashKernel.usable.first { $0.name == name })
        var generator = SplitMix(state: seed)
        let messages = (0..<40).map { index in
            // Around the sizes where blocks, chunks and padding begin and end.
            let base = [0, 55, 56, 64, 119, 128, 1000, LaneHasher.chunk, 3 * LaneHasher.chunk][index % 9]
            return noise(max(0, base + Int.random(in: -3...3, using: &generator)), seed: seed + UInt64(index))
        }
        let results = LaneHasher(only: kernel).run(messages.map { LaneJob(message: $0) })
        for (message, result) in zip(messages, results) {
            #expect(try result.get().end.bytes == ContentHasher.digest(of: message).bytes)
        }
    }

    @Test("The plan of this machine agrees with libcrypto for any number of messages", arguments: 0...20)
    func anyNumber(count: Int) throws {
        let messages = (0..<count).map { noise(5000 + 777 * $0, seed: UInt64($0)) }
        let results = LaneHasher().run(messages.map { LaneJob(message: $0) })
        #expect(try results.map { try $0.get().end.bytes } == messages.map { ContentHasher.digest(of: $0).bytes })
    }

    @Test("The state after each stride is told, but not the one at the end")
    func strides() throws {
        let stride = LaneHasher.chunk
        let message = noise(3 * stride, seed: 9)
        let results = LaneHasher().run([LaneJob(message: message, stride: Int64(stride))])
        let passed = try #require(results.first).get().passed
        #expect(passed.count == 2)
        // What is left from there on leads to the digest of the whole.
        let rest = LaneJob(
            from: passed[1], length: Int64(stride), messageLength: Int64(message.count)
        ) { offset, buffer in buffer.copyBytes(from: message[(2 * stride + Int(offset))...].prefix(buffer.count)) }
        let end = try #require(LaneHasher().run([rest]).first).get().end
        #expect(end.bytes == ContentHasher.digest(of: message).bytes)
    }

    @Test("A job that cannot be read fails alone")
    func failing() throws {
        struct Unreadable: Error {}
        let good = noise(300_000, seed: 5)
        let bad = LaneJob(from: .initial, length: 300_000, messageLength: 300_000) { offset, _ in
            if offset > 100_000 { throw Unreadable() }
        }
        let results = LaneHasher().run([LaneJob(message: good), bad, LaneJob(message: good)])
        #expect(throws: Unreadable.self) { try results[1].get() }
        for index in [0, 2] { #expect(try results[index].get().end.bytes == ContentHasher.digest(of: good).bytes) }
    }

    @Test("Once it is cancelled, no job is finished any more")
    func cancelled() {
        let results = LaneHasher().run([LaneJob(message: [1, 2, 3])], isCancelled: { true })
        #expect(throws: CancellationError.self) { try results[0].get() }
    }

    private func hex(_ state: SHA256State) -> String {
        state.bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

/// A generator whose numbers are the same at each run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
