import OCI
import Testing

struct PercentCodingTests {
    @Test(
        "percent-encoding is undone once",
        arguments: [
            ("", ""), ("abc", "abc"), ("%41", "A"), ("%2f%2F", "//"), ("%252e", "%2e"), ("a+b", "a+b"), ("%c3%a9", "é"),
            ("é", "é"), ("%00", "\0"), ("%", nil), ("%4", nil), ("%zz", nil), ("a%", nil), ("%ff", nil), ("%c3", nil),
            ("%c0%80", nil), ("%%41", nil),
        ] as [(String, String?)])
    func decode(text: String, expected: String?) {
        #expect(PercentCoding.decode(text) == expected)
    }

    @Test("what is encoded decodes to itself", arguments: ["", "a/b?c=d&e", "application/x+json", "é🐟", "\0%~._-"])
    func roundTrip(text: String) {
        let encoded = PercentCoding.encode(text)
        #expect(PercentCoding.decode(encoded) == text)
        #expect(!encoded.contains { "/?&=+# ".contains($0) })
    }
}
