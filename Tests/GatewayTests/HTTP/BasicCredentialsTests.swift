import NIOHTTP1
import Testing

@testable import Gateway

@Suite("Basic credentials")
struct BasicCredentialsTests {
    @Test(
        "The user ends at the first colon, and the scheme's case means nothing",
        arguments: [
            // alice:wonderland, alice:won:der, :x, alice:, älice:パス
            ("Basic YWxpY2U6d29uZGVybGFuZA==", "alice", "wonderland"),
            ("basic  YWxpY2U6d29uOmRlcg==", "alice", "won:der"), ("BASIC Ong=", "", "x"),
            ("Basic YWxpY2U6", "alice", ""),
            ("Basic w6RsaWNlOuODkeOCuQ==", "älice", "パス"),
        ])
    func read(field: String, user: String, password: String) {
        #expect(
            BasicCredentials(["Authorization": field]) == BasicCredentials(user: user, password: password))
    }

    @Test(
        "What is no such field is none",
        arguments: [
            [], [""], ["Basic"], ["Basic "], ["Basic YWxpY2U="], ["Basic ????"], ["Basic YWxpY2U6 d29u"],
            ["Bearer YWxpY2U6d29uZGVybGFuZA=="],
            // Not UTF-8; and a zero byte, behind which crypt(3) would not look.
            ["Basic /zr/"], ["Basic YWxpY2U6dwBvbg=="],
            // Two of them: which one is meant?
            ["Basic YWxpY2U6d29uZGVybGFuZA==", "Basic YWxpY2U6d29uZGVybGFuZA=="],
        ])
    func none(fields: [String]) {
        var headers = HTTPHeaders()
        for field in fields { headers.add(name: "authorization", value: field) }
        #expect(BasicCredentials(headers) == nil)
    }

    @Test("They never print")
    func redacted() {
        let credentials = BasicCredentials(user: "alice", password: "wonderland")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("wonderland"))
        }
    }
}
