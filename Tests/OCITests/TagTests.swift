import OCI
import Testing

struct TagTests {
    @Test(
        "tags of the grammar are taken as they are",
        arguments: ["latest", "1", "_", "v1.2.3", "a..b", "1-", "A_b.C-d", "x" + String(repeating: "-", count: 127)])
    func taken(text: String) throws {
        #expect(try Tag(text).description == text)
    }

    @Test(
        "tags outside the grammar are refused",
        arguments: [
            "", ".", "..", ".a", "-a", "a b", "a/b", "a:b", "a@b", "a+b", "a\0", "a\n", "%2e", "é", "a\u{301}",
            String(repeating: "a", count: 129),
        ])
    func refused(text: String) {
        #expect(refusal { () throws(OCIError) in try Tag(text) }?.code == .tagInvalid)
    }

    @Test("a manifest reference is a digest where it has a colon, and else a tag")
    func manifestReference() throws {
        #expect(try ManifestReference("latest") == .tag(.latest))
        #expect(try ManifestReference(sampleDigest) == .digest(try Digest(sampleDigest)))
        #expect(try ManifestReference(sampleDigest).description == sampleDigest)
        #expect(try ManifestReference("latest").tag == .latest)
        #expect(try ManifestReference("latest").digest == nil)
        #expect(refusal { () throws(OCIError) in try ManifestReference("sha256:0") }?.code == .digestInvalid)
        #expect(refusal { () throws(OCIError) in try ManifestReference(".latest") }?.code == .tagInvalid)
    }

    @Test("sixty-four hexadecimal digits without algorithm are a tag, as in the specification")
    func bareHex() throws {
        #expect(try ManifestReference(sampleHex) == .tag(try Tag(sampleHex)))
    }
}
