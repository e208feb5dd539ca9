import NIOCore
import Testing

@testable import Containerd

@Suite struct PingFilterTests {
    private static func frame(_ type: UInt8, flags: UInt8 = 0, _ payload: [UInt8]) -> [UInt8] {
        [
            UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), type, flags, 0, 0,
            0, 1,
        ]
            + payload
    }

    private static let data = frame(0, [UInt8](repeating: 7, count: 300))
    private static let window = frame(8, [0, 0, 1, 0])
    private static let ping = frame(6, Array(1...8))
    private static let answer = frame(6, flags: 1, Array(1...8))

    @Test(
        "pings are answered and taken out, all else passes as it came, however the bytes come",
        arguments: [1, 7, 64, 10_000])
    func filter(portion: Int) {
        let stream = Self.ping + Self.data + Self.ping + Self.ping + Self.answer + Self.window + Self.ping + Self.data
        var filter = PingFilter()
        var (passed, answered): ([UInt8], [UInt8]) = ([], [])
        for start in stride(from: 0, to: stream.count, by: portion) {
            let (others, answers) = filter.take(
                ByteBuffer(bytes: stream[start..<min(stream.count, start + portion)]))
            passed += others.readableBytesView
            answered += answers.readableBytesView
        }
        #expect(passed == Self.data + Self.answer + Self.window + Self.data)
        #expect(answered == Self.answer + Self.answer + Self.answer + Self.answer)
    }
}
