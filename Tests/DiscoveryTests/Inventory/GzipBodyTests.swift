import Testing

@testable import Discovery

@Suite struct GzipBodyTests {
    private static let text = Array(String(repeating: "sha256:0123456789abcdef ", count: 4000).utf8)

    private func refusal(_ body: [UInt8], limit: Int = 1 << 20) -> DiscoveryError.Code? {
        do throws(DiscoveryError) {
            _ = try GzipBody.inflated(body, limit: limit)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("what was compressed is smaller, and comes out as it went in")
    func roundTrip() throws {
        let body = try #require(GzipBody.compressed(Self.text))
        #expect(body.count < Self.text.count / 10)
        #expect(try GzipBody.inflated(body, limit: Self.text.count) == Self.text)
        let nothing = try #require(GzipBody.compressed([]))
        #expect(try GzipBody.inflated(nothing, limit: 0) == [])
    }

    @Test("what another implementation wrote is read")
    func foreign() throws {
        // printf shoal | gzip -9n
        let body: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xce, 0xc8, 0x4f, 0xcc, 0x01, 0x00, 0x66,
            0x49, 0xab, 0xfd, 0x05, 0x00, 0x00, 0x00,
        ]
        #expect(try GzipBody.inflated(body, limit: 100) == Array("shoal".utf8))
    }

    @Test("a body that is cut is refused wherever it is cut")
    func truncated() throws {
        let body = try #require(GzipBody.compressed(Array("a short document".utf8)))
        for count in 0..<body.count { #expect(refusal(Array(body.prefix(count))) == .answerInvalid, "\(count)") }
    }

    @Test("a body in which a byte is wrong is refused, or the byte said nothing of the text")
    func corrupt() throws {
        let text = Array("a document of which one byte is wrong".utf8)
        let body = try #require(GzipBody.compressed(text))
        // The first ten are a header, of which time and system are not checked by anybody.
        for index in 10..<body.count {
            var wrong = body
            wrong[index] ^= 0x40
            let read = try? GzipBody.inflated(wrong, limit: 1 << 20)
            #expect(read == nil || read == text, "byte \(index)")
        }
        var checksum = body
        checksum[body.count - 5] ^= 1
        #expect(refusal(checksum) == .answerInvalid)
    }

    @Test(
        "what is not gzip is refused",
        arguments: [[], Array("{}".utf8), [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1], [0x1f, 0x8b, 0x08, 0xff]] as [[UInt8]])
    func other(body: [UInt8]) {
        #expect(refusal(body) == .answerInvalid)
    }

    @Test("what stands for more than the limit is refused: one byte more, or a thousand times as much")
    func bomb() throws {
        let body = try #require(GzipBody.compressed([UInt8](repeating: 0, count: 64 << 20)))
        #expect(body.count < 1 << 20)
        #expect(refusal(body, limit: 8 << 20) == .answerInvalid)
        #expect(refusal(body, limit: (64 << 20) - 1) == .answerInvalid)
        #expect(refusal(body, limit: 64 << 20) == nil)
    }

    @Test("a second member, or anything else behind the first, is refused")
    func trailing() throws {
        let body = try #require(GzipBody.compressed(Self.text))
        #expect(refusal(body + body) == .answerInvalid)
        #expect(refusal(body + [0]) == .answerInvalid)
    }
}
