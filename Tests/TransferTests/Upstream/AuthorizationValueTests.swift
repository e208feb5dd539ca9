import FoundationEssentials
import OCI
import Testing

@testable import Transfer

struct RealmRuleTests {
    @Test(
        "Credentials go to the realm that the registry itself named, over a way that nobody else wrote on",
        arguments: [
            ("https://registry-1.docker.io", "https://auth.docker.io/token", true),
            ("https://registry.test", "https://registry.test/token", true),
            ("https://registry.test:5000", "https://registry.test:5001/token", true),
            ("https://registry.test", "http://registry.test/token", false),
            ("https://registry.test", "http://auth.test/token", false),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", true),
            ("http://registry.test", "https://registry.test/token", true),
            ("http://registry.test", "https://auth.test/token", false),
            ("http://registry.test", "http://auth.test/token", false),
        ])
    func rule(registry: String, realm: String, isAllowed: Bool) throws {
        let registry = try #require(URL(string: registry).flatMap { WebOrigin($0) })
        let realm = try #require(URL(string: realm).flatMap { WebOrigin($0) })
        #expect(RealmRule.allowsCredentials(registry: registry, realm: realm) == isAllowed)
    }
}

struct TokenCacheTests {
    private let now = ContinuousClock.now

    private func key(_ repository: String, password: String? = nil) -> TokenCache.Key {
        let credential = password.map { Credential.password(user: "x", Secret($0)) }
        return TokenCache.Key(
            registry: .dockerHub, scope: "repository:\(repository):pull",
            principal: Principal(credential, at: .dockerHub))
    }

    private func token(_ text: String, seconds: Int) -> TokenCache.Token {
        TokenCache.Token(
            authorization: Secret(text), expires: now.advanced(by: .seconds(seconds)), isAnonymous: true)
    }

    @Test("A token is good until it expires")
    func expiry() {
        let cache = TokenCache()
        cache.keep(token("t", seconds: 50), for: key("a"), now: now)
        #expect(cache.token(for: key("a"), now: now.advanced(by: .seconds(49)))?.authorization.value == "t")
        #expect(cache.token(for: key("a"), now: now.advanced(by: .seconds(50))) == nil)
    }

    @Test("A token is for one repository and one credential, not for all that have the user's name")
    func keys() {
        let cache = TokenCache()
        cache.keep(token("t", seconds: 50), for: key("a", password: "right"), now: now)
        #expect(cache.token(for: key("a", password: "right"), now: now) != nil)
        #expect(cache.token(for: key("a"), now: now) == nil)
        #expect(cache.token(for: key("a", password: "wrong"), now: now) == nil)
        #expect(cache.token(for: key("b", password: "right"), now: now) == nil)
    }

    @Test("A token that was refused is dropped, but not the one that has taken its place")
    func drop() {
        let cache = TokenCache()
        cache.keep(token("new", seconds: 50), for: key("a"), now: now)
        cache.drop(token("old", seconds: 50), for: key("a"))
        #expect(cache.token(for: key("a"), now: now)?.authorization.value == "new")
        cache.drop(token("new", seconds: 50), for: key("a"))
        #expect(cache.token(for: key("a"), now: now) == nil)
    }

    @Test("The cache is bounded; tokens that expired go first")
    func bounded() {
        let cache = TokenCache()
        cache.keep(token("good", seconds: 100), for: key("good"), now: now)
        for number in 1..<TokenCache.limit {
            cache.keep(token("t", seconds: 10), for: key("r\(number)"), now: now)
        }
        let later = now.advanced(by: .seconds(20))
        cache.keep(token("t", seconds: 100), for: key("one-more"), now: later)
        #expect(cache.token(for: key("good"), now: later) != nil)
        for number in 0..<TokenCache.limit {
            cache.keep(token("t", seconds: 100), for: key("n\(number)"), now: later)
        }
        #expect(cache.token(for: key("good"), now: later) == nil)
    }
}

struct TokenDocumentTests {
    private func document(_ json: String) throws -> TokenDocument {
        try JSONDecoder().decode(TokenDocument.self, from: Data(json.utf8))
    }

    @Test(
        "A token is called token or access_token",
        arguments: [
            (#"{"token":"a"}"#, "Bearer a"), (#"{"access_token":"b"}"#, "Bearer b"),
            (#"{"token":"a","access_token":"b"}"#, "Bearer a"), (#"{"token":"","access_token":"b"}"#, "Bearer b"),
            (#"{}"#, nil), (#"{"token":""}"#, nil), (#"{"token":"a\r\nX-Evil: 1"}"#, nil), (#"{"token":"a b"}"#, nil),
            (#"{"token":"ä"}"#, nil),
        ] as [(String, String?)])
    func names(json: String, expected: String?) throws {
        #expect(try document(json).authorization?.value == expected)
    }

    @Test(
        "A token is good for a minute, where nothing else is said, and for a day at most",
        arguments: [
            (#"{}"#, 50), (#"{"expires_in":300}"#, 290), (#"{"expires_in":5}"#, 50), (#"{"expires_in":-5}"#, 50),
            (#"{"expires_in":1e300}"#, 86_390), (#"{"expires_in":"300"}"#, 50), (#"{"expires_in":null}"#, 50),
        ])
    func lifetime(json: String, seconds: Int) throws {
        #expect(try document(json).lifetime == .seconds(seconds))
    }
}

struct SecretTests {
    private let secret = Secret("hunter2")

    @Test("A secret prints in no way")
    func printing() {
        var dumped = ""
        dump(Credential.password(user: "me", secret), to: &dumped)
        dump(
            TokenCache.Token(authorization: secret, expires: .now, isAnonymous: false), to: &dumped)
        let principal = Principal(.identityToken(secret), at: .dockerHub)
        dump(principal, to: &dumped)
        let texts = [
            "\(secret)", String(reflecting: secret), "\([secret])", "\(Credential.password(user: "me", secret))",
            String(reflecting: Credential.identityToken(secret)), "\(principal)", String(reflecting: principal), dumped,
        ]
        for text in texts { #expect(!text.contains("hunter2")) }
    }

    @Test("Basic is what RFC 7617 makes of user and password, and prints no better")
    func basic() throws {
        let basic = try #require(Credential.password(user: "Aladdin", Secret("open sesame")).basic)
        #expect(basic.value == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        #expect(!"\(basic)".contains("QWxh"))
        #expect(Credential.identityToken(secret).basic == nil)
    }
}
