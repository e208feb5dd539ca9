import OCI
import Testing

struct RepositoryNameTests {
    @Test(
        "names of the grammar are taken as they are",
        arguments: [
            "a", "0", "nginx", "library/nginx", "a/b/c/d/e", "a.b", "a_b", "a__b", "a-b", "a--b", "a-----b",
            "a.b_c__d-e",
            "ghcr.io/owner/app", "manifests/blobs/tags", "a1/2b", String(repeating: "a", count: 255),
        ])
    func taken(text: String) throws {
        #expect(try RepositoryName(text).description == text)
    }

    @Test(
        "names outside the grammar are refused",
        arguments: [
            "", "/", "/a", "a/", "a//b", "//", ".", "..", "a/..", "../a", "a/../b", "a/./b", "a..b", "a._b", "a_.b",
            "a-_b",
            "a___b", "a_-b", "-a", "a-", ".a", "a.", "_a", "a_", "a/-b", "a/b-", "A", "a/B", "Nginx", "%2e%2e", "a%2fb",
            "a b", " a", "a ", "a\n", "a\0", "\0", "a\0b", "a:b", "a@b", "a?b", "a#b", "a\\b", "a+b", "a~b", "é", "a/é",
            "a\u{301}", "a/\u{301}b", "\u{ff41}", String(repeating: "a", count: 256),
            String(repeating: "a/", count: 127) + "aa",
        ])
    func refused(text: String) {
        #expect(refusal { () throws(OCIError) in try RepositoryName(text) }?.code == .nameInvalid)
    }

    @Test("a refusal says what is wrong")
    func reasons() {
        func reason(_ text: String) -> String? { refusal { () throws(OCIError) in try RepositoryName(text) }?.message }
        #expect(reason("Nginx") == "repository name 'Nginx' is not valid: it must be lower case")
        #expect(reason("a//b")?.contains("empty component") == true)
        #expect(reason("a..b")?.contains("never a mixture or '..'") == true)
        #expect(reason(String(repeating: "a", count: 300))?.contains("300 bytes; at most 255") == true)
    }

    @Test("a refusal shows untrusted text escaped and shortened")
    func excerpt() {
        let text = "a\u{1b}[31m\n'\\é" + String(repeating: "x", count: 200)
        let message = refusal { () throws(OCIError) in try RepositoryName(text) }?.message ?? ""
        #expect(message.contains("'a\\x1b[31m\\x0a\\'\\\\\\xc3\\xa9xxx"))
        #expect(message.utf8.count < 300)
        #expect(!message.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test("a name is taken apart at its slashes")
    func components() throws {
        let name = try RepositoryName("ghcr.io/owner/app")
        #expect(name.components == ["ghcr.io", "owner", "app"])
        #expect(name.firstComponent == "ghcr.io")
        #expect(name.droppingFirstComponent == (try RepositoryName("owner/app")))
        #expect(try RepositoryName("nginx").firstComponent == "nginx")
        #expect(try RepositoryName("nginx").droppingFirstComponent == nil)
    }
}
