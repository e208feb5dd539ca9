import Testing

@testable import Integrity

@Suite("HMAC with SHA-256")
struct HMACSHA256Tests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let number: Int
        let key: [UInt8]
        let message: [UInt8]
        let code: String
        var testDescription: String { "RFC 4231 test case \(number)" }
    }

    static let vectors: [Vector] = [
        Vector(
            number: 1, key: .init(repeating: 0x0b, count: 20), message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            number: 2, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            number: 3, key: .init(repeating: 0xaa, count: 20), message: .init(repeating: 0xdd, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            number: 4, key: Array(1...25), message: .init(repeating: 0xcd, count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            number: 6, key: .init(repeating: 0xaa, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            number: 7, key: .init(repeating: 0xaa, count: 131),
            message: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test("The published vectors come out", arguments: vectors)
    func vector(_ vector: Vector) {
        let code = HMACSHA256.plainCode(key: vector.key, message: vector.message)
        #expect(
            code.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined() == vector.code)
    }

    @Test("Parts are framed by their length, so that a boundary cannot be moved")
    func framing() {
        let key: [UInt8] = [1, 2, 3]
        let first = HMACSHA256.code(key: key, [1, 2], [3])
        #expect(first != HMACSHA256.code(key: key, [1], [2, 3]))
        #expect(first != HMACSHA256.code(key: key, [1, 2, 3]))
        #expect(
            first == HMACSHA256.plainCode(key: key, message: [0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 3]))
    }

    @Test("No part, an empty part and an empty key are three different things, and all have a code")
    func empty() {
        let codes = [HMACSHA256.code(key: [1]), HMACSHA256.code(key: [1], []), HMACSHA256.code(key: [], [])]
        #expect(Set(codes).count == 3)
        #expect(codes.allSatisfy { $0.count == HMACSHA256.length })
    }

    @Test(
        "Codes are equal when every byte is",
        arguments: [
            ([], [], true), ([1, 2], [1, 2], true), ([1, 2], [1, 3], false), ([1], [1, 2], false), ([], [0], false),
        ] as [([UInt8], [UInt8], Bool)])
    func equality(_ left: [UInt8], _ right: [UInt8], _ isEqual: Bool) {
        #expect(HMACSHA256.isEqual(left, right) == isEqual)
    }
}
