import OCI
import Testing

@Suite("What a client shows for a registry")
struct ClientAuthorizationTests {
    @Test("One field is passed on as it is, none is nothing")
    func one() {
        #expect(ClientAuthorization(fields: []) == nil)
        #expect(ClientAuthorization(fields: ["Bearer abc"])?.value == "Bearer abc")
        #expect(ClientAuthorization(fields: ["Bearer abc"])?.isBasic == false)
        #expect(ClientAuthorization(fields: ["bAsIc YTpi"])?.isBasic == true)
    }

    @Test(
        "What cannot be passed on is still not nothing",
        arguments: [
            ["Basic YTpi", "Basic YTpi"], [""], ["Bearer a\r\nX-Evil: 1"], ["Bearer \u{e4}"],
            ["Bearer " + String(repeating: "a", count: 16 << 10)],
        ])
    func unusable(fields: [String]) throws {
        let authorization = try #require(ClientAuthorization(fields: fields))
        #expect(authorization.value == nil)
        #expect(!authorization.isBasic)
    }

    @Test("It prints in no way")
    func printing() throws {
        let authorization = try #require(ClientAuthorization(fields: ["Bearer hunter2"]))
        var dumped = ""
        dump([authorization], to: &dumped)
        for text in ["\(authorization)", String(reflecting: authorization), "\([authorization])", dumped] {
            #expect(!text.contains("hunter2"))
        }
    }
}
