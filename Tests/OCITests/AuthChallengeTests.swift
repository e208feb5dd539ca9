import OCI
import Testing

struct AuthChallengeTests {
    @Test("Docker Hub's challenge is read")
    func dockerHub() {
        let header =
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
            + "scope=\"repository:library/nginx:pull,push\",error=\"insufficient_scope\""
        let challenges = AuthChallenge.parse([header])
        #expect(challenges.count == 1)
        #expect(challenges.first?.scheme == "bearer")
        #expect(challenges.first?.realm == "https://auth.docker.io/token")
        #expect(challenges.first?.service == "registry.docker.io")
        #expect(challenges.first?.scope == "repository:library/nginx:pull,push")
        #expect(challenges.first?.error == "insufficient_scope")
    }

    @Test(
        "challenges are read in the forms that the RFC and servers have for them",
        arguments: [
            ("Basic", [AuthChallenge(scheme: "basic", parameters: [:])]),
            ("BASIC REALM=\"a\"", [AuthChallenge(scheme: "basic", parameters: ["realm": "a"])]),
            (
                "Basic realm = \"a\" , charset=\"UTF-8\"",
                [.init(scheme: "basic", parameters: ["realm": "a", "charset": "UTF-8"])]
            ),
            ("Basic realm=\"a \\\"b\\\" \\\\ c\"", [.init(scheme: "basic", parameters: ["realm": "a \"b\" \\ c"])]),
            ("Basic realm=\"\"", [.init(scheme: "basic", parameters: ["realm": ""])]),
            (
                "Bearer realm=https://a.example/token,service=x",
                [
                    .init(scheme: "bearer", parameters: ["realm": "https://a.example/token", "service": "x"])
                ]
            ),
            (
                "Bearer realm=\"a\", Basic realm=\"b\"",
                [
                    .init(scheme: "bearer", parameters: ["realm": "a"]),
                    .init(scheme: "basic", parameters: ["realm": "b"]),
                ]
            ),
            (
                "Basic, Bearer realm=a",
                [
                    .init(scheme: "basic", parameters: [:]), .init(scheme: "bearer", parameters: ["realm": "a"]),
                ]
            ),
            (
                "Negotiate, Basic realm=a",
                [
                    .init(scheme: "negotiate", parameters: [:]), .init(scheme: "basic", parameters: ["realm": "a"]),
                ]
            ),
            (
                "Negotiate YWJj/+==, Basic realm=a",
                [
                    .init(scheme: "negotiate", parameters: [:]), .init(scheme: "basic", parameters: ["realm": "a"]),
                ]
            ),
            (
                "Negotiate abcdef, Basic realm=a",
                [
                    .init(scheme: "negotiate", parameters: [:]), .init(scheme: "basic", parameters: ["realm": "a"]),
                ]
            ),
            ("Negotiate abc==", [.init(scheme: "negotiate", parameters: [:])]),
            (" ,, Basic realm=a,,service=b, ", [.init(scheme: "basic", parameters: ["realm": "a", "service": "b"])]),
            (
                "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
                [
                    .init(scheme: "newauth", parameters: ["realm": "apps", "type": "1", "title": "Login to \"apps\""]),
                    .init(scheme: "basic", parameters: ["realm": "simple"]),
                ]
            ),
            ("Basic realm=a, realm=b", [.init(scheme: "basic", parameters: ["realm": "a"])]),
        ] as [(String, [AuthChallenge])])
    func parsed(header: String, expected: [AuthChallenge]) {
        #expect(AuthChallenge.parse([header]) == expected)
    }

    @Test("several header fields are read in order")
    func fields() {
        let schemes = AuthChallenge.parse(["Bearer realm=a", "Basic realm=b"]).map(\.scheme)
        #expect(schemes == ["bearer", "basic"])
    }

    @Test(
        "rubbish yields no parameter that was not there",
        arguments: [
            "", ",", " ", "=", "\"", "Basic realm=\"never closed, Bearer realm=a", "Basic =x", "Basic realm",
            "Basic realm=",
            "@@@", "Basic \"\"", "\"Basic realm=a\"", "Basic realm=\"a\\", "Basic\0realm=a", "Basic;realm=a",
        ])
    func rubbish(header: String) {
        #expect(AuthChallenge.parse([header]).allSatisfy { $0.parameters.isEmpty })
    }

    @Test("what stands behind rubbish is still read")
    func recovery() {
        #expect(
            AuthChallenge.parse(["@@ \"a,b\", Basic realm=a, @@, service=b"]) == [
                AuthChallenge(scheme: "basic", parameters: ["realm": "a", "service": "b"])
            ])
    }

    @Test("a header is read only as far as is sensible")
    func bounded() {
        #expect(AuthChallenge.parse([String(repeating: "a,", count: 1000)]).count == 16)
        #expect(AuthChallenge.parse(Array(repeating: "Basic", count: 1000)).count == 16)
        #expect(AuthChallenge.parse(["Basic realm=\"" + String(repeating: "a", count: 9000) + "\""]).isEmpty)
        let many = (0..<500).map { "p\($0)=1" }.joined(separator: ",")
        #expect(AuthChallenge.parse(["Basic " + many]).first?.parameters.count == 32)
    }
}
