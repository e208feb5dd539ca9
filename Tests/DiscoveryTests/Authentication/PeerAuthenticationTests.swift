import Testing

@testable import Discovery

@Suite struct PeerAuthenticationTests {
    private let client = Samples.identity(1)
    private let server = Samples.identity(2)
    private let target = "/v1/blobs/sha256:00"

    private func pair(_ key: ClusterKey? = nil) throws -> (PeerSigner, PeerAuthenticator) {
        let key = try key ?? Samples.key()
        return (PeerSigner(key: key, identity: client), PeerAuthenticator(key: key, identity: server))
    }

    private func authorize(_ signer: PeerSigner, range: String? = nil) throws -> String {
        try #require(signer.authorization(for: server.id, method: "GET", target: target, range: range))
    }

    @Test("a request signed with the server's nonce is accepted, in the name of its node")
    func accepted() throws {
        let (signer, authenticator) = try pair()
        signer.learn(nonce: authenticator.challenge(), for: server.id)
        let header = try authorize(signer, range: "bytes=0-1")
        #expect(
            authenticator.verify(authorization: header, method: "GET", target: target, range: "bytes=0-1")
                == .accepted(client.id))
    }

    @Test("without a nonce there is nothing to sign with")
    func noNonce() throws {
        let (signer, _) = try pair()
        #expect(signer.authorization(for: server.id, method: "GET", target: target, range: nil) == nil)
    }

    @Test("one nonce is good for many requests, each once")
    func many() throws {
        let (signer, authenticator) = try pair()
        signer.learn(nonce: authenticator.challenge(), for: server.id)
        let headers = try (0..<300).map { _ in try authorize(signer) }
        let verdicts = headers.map {
            authenticator.verify(authorization: $0, method: "GET", target: target, range: nil)
        }
        #expect(verdicts.allSatisfy { $0 == .accepted(client.id) })
        for header in headers.suffix(10) {
            #expect(
                authenticator.verify(authorization: header, method: "GET", target: target, range: nil)
                    == .challenge("a request that was seen before"))
        }
    }

    @Test("a request that was changed on its way is not accepted")
    func changed() throws {
        let (signer, authenticator) = try pair()
        signer.learn(nonce: authenticator.challenge(), for: server.id)
        let header = try authorize(signer, range: "bytes=0-1")
        let refused = PeerAuthenticator.Verdict.challenge("a wrong code: another key, or a request that was changed")
        #expect(
            authenticator.verify(authorization: header, method: "PUT", target: target, range: "bytes=0-1") == refused)
        #expect(
            authenticator.verify(authorization: header, method: "GET", target: target + "1", range: "bytes=0-1")
                == refused)
        #expect(
            authenticator.verify(authorization: header, method: "GET", target: target, range: "bytes=0-2") == refused)
        #expect(authenticator.verify(authorization: header, method: "GET", target: target, range: nil) == refused)
        let other = header.replacing("node=\(client.id)", with: "node=\(Samples.node(9))")
        #expect(
            authenticator.verify(authorization: other, method: "GET", target: target, range: "bytes=0-1") == refused)
        let recounted = header.replacing("count=1", with: "count=2")
        #expect(
            authenticator.verify(authorization: recounted, method: "GET", target: target, range: "bytes=0-1") == refused
        )
    }

    @Test("another key is not accepted, one of several is")
    func keys() throws {
        let authenticator = PeerAuthenticator(key: try Samples.keys(2, 1), identity: server)
        for (byte, isAccepted) in [(UInt8(1), true), (2, true), (3, false)] {
            let signer = PeerSigner(key: try Samples.keys(byte), identity: client)
            signer.learn(nonce: authenticator.challenge(), for: server.id)
            let verdict = authenticator.verify(
                authorization: try authorize(signer), method: "GET", target: target, range: nil)
            #expect((verdict == .accepted(client.id)) == isAccepted)
        }
    }

    @Test("a nonce of another node, or of an earlier start, is not accepted")
    func foreignNonce() throws {
        let (signer, authenticator) = try pair()
        let earlier = PeerAuthenticator(key: try Samples.key(), identity: server)
        signer.learn(nonce: earlier.challenge(), for: server.id)
        #expect(
            authenticator.verify(authorization: try authorize(signer), method: "GET", target: target, range: nil)
                == .challenge("a nonce of another node, or of an earlier start of this one"))
    }

    @Test("a nonce is good for ten minutes")
    func expiry() throws {
        let key = try Samples.key()
        let authenticator = PeerAuthenticator(key: key, identity: server, ledgerLimit: 16, start: Samples.start)
        let signer = PeerSigner(key: key, identity: client)
        signer.learn(nonce: authenticator.challenge(now: Samples.start), for: server.id, now: Samples.start)
        let early = signer.authorization(
            for: server.id, method: "GET", target: target, range: nil, now: Samples.at(530))
        let late = signer.authorization(for: server.id, method: "GET", target: target, range: nil, now: Samples.at(535))
        #expect(
            authenticator.verify(authorization: early, method: "GET", target: target, range: nil, now: Samples.at(599))
                == .accepted(client.id))
        #expect(
            authenticator.verify(authorization: late, method: "GET", target: target, range: nil, now: Samples.at(601))
                == .challenge("an old nonce"))
        #expect(
            signer.authorization(for: server.id, method: "GET", target: target, range: nil, now: Samples.at(541)) == nil
        )
    }

    @Test("a ledger that overflows forgets nonces for good, and nothing is accepted twice")
    func overflow() throws {
        let key = try Samples.key()
        let authenticator = PeerAuthenticator(key: key, identity: server, ledgerLimit: 8, start: Samples.start)
        var first: String?
        for number in 0..<50 {
            let now = Samples.at(Double(number))
            let signer = PeerSigner(key: key, identity: Samples.identity(UInt64(100 + number)))
            signer.learn(nonce: authenticator.challenge(now: now), for: server.id, now: now)
            let header = try #require(
                signer.authorization(for: server.id, method: "GET", target: target, range: nil, now: now))
            first = first ?? header
            let verdict = authenticator.verify(
                authorization: header, method: "GET", target: target, range: nil, now: now)
            #expect(verdict == .accepted(Samples.node(UInt64(100 + number))))
        }
        #expect(
            authenticator.verify(authorization: first, method: "GET", target: target, range: nil, now: Samples.at(51))
                == .challenge("an old nonce"))
    }

    @Test(
        "what is no authorization is challenged",
        arguments: [
            nil, "", "Shoal", "Basic dXNlcjpwYXNz", "Bearer abc", "Shoal node=1, nonce=2, count=3, mac=4",
            "Shoal node=\(Samples.node(1)), nonce=\(String(repeating: "0", count: 64)), count=-1, mac=\(String(repeating: "0", count: 64))",
            "Shoal node=\(Samples.node(1)), node=\(Samples.node(1)), nonce=x, count=1, mac=00",
            String(repeating: "a", count: 10_000),
        ] as [String?])
    func garbage(header: String?) throws {
        let (_, authenticator) = try pair()
        guard case .challenge = authenticator.verify(authorization: header, method: "GET", target: target, range: nil)
        else {
            Issue.record("accepted")
            return
        }
    }

    @Test("a header reads back what it was made of")
    func header() {
        let authorization = PeerAuthorization(
            node: client.id, nonce: String(repeating: "a", count: 64), count: .max,
            mac: [UInt8](repeating: 3, count: 32))
        #expect(PeerAuthorization(header: authorization.header) == authorization)
    }

    @Test("a proof is of this body, this question and this node")
    func proof() throws {
        let (signer, authenticator) = try pair()
        let nonce = signer.newClientNonce()
        let body = Array("{}".utf8)
        let proof = authenticator.proof(for: nonce, body: body)
        #expect(signer.prover(of: proof, clientNonce: nonce, body: body) == server.id)
        #expect(!signer.check(proof: proof, clientNonce: signer.newClientNonce(), body: body))
        #expect(!signer.check(proof: proof, clientNonce: nonce, body: body + [32]))
        let forged = proof.replacing("\(server.id)", with: "\(client.id)")
        #expect(!signer.check(proof: forged, clientNonce: nonce, body: body))
        let outsider = PeerSigner(key: try Samples.key(9), identity: client)
        #expect(!outsider.check(proof: proof, clientNonce: nonce, body: body))
        #expect(!signer.check(proof: "", clientNonce: nonce, body: body))
    }

    @Test("learning the same nonce again does not begin its count anew")
    func relearnt() throws {
        let (signer, authenticator) = try pair()
        let nonce = authenticator.challenge()
        signer.learn(nonce: nonce, for: server.id)
        let first = try authorize(signer)
        signer.learn(nonce: nonce, for: server.id)
        #expect(try authorize(signer) != first)
    }

    @Test("what is no nonce is not learnt", arguments: ["", "zz", String(repeating: "z", count: 64), "a\r\nb"])
    func badNonce(nonce: String) throws {
        let (signer, _) = try pair()
        signer.learn(nonce: nonce, for: server.id)
        #expect(signer.authorization(for: server.id, method: "GET", target: target, range: nil) == nil)
    }
}
