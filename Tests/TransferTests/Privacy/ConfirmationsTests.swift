import OCI
import Testing

@testable import Transfer

@Suite("What upstream has lately confirmed")
struct ConfirmationsTests {
    private let now = ContinuousClock.now

    private func entry(
        _ digest: Int = 1, at repository: String = "library/app", password: String? = "a",
        as kind: ContentKind = .manifest
    ) throws -> Confirmations.Entry {
        let origin = try Origin.of(repository)
        let credential = password.map { Credential.password(user: "me", Secret($0)) }
        return Confirmations.Entry(
            principal: Principal(credential, at: origin.registry), origin: origin, digest: .numbered(digest),
            kind: kind)
    }

    @Test("counts for minutes, and no longer")
    func time() throws {
        var confirmations = Confirmations()
        let entry = try entry()
        #expect(!confirmations.contains(entry, now: now))
        confirmations.insert(entry, now: now)
        #expect(confirmations.contains(entry, now: now.advanced(by: .seconds(299))))
        #expect(!confirmations.contains(entry, now: now.advanced(by: .seconds(300))))
    }

    @Test("counts anew from when it was said again, and no more after a no")
    func again() throws {
        var confirmations = Confirmations()
        let entry = try entry()
        confirmations.insert(entry, now: now)
        confirmations.insert(entry, now: now.advanced(by: .seconds(200)))
        #expect(confirmations.contains(entry, now: now.advanced(by: .seconds(400))))
        confirmations.remove(entry)
        #expect(!confirmations.contains(entry, now: now))
    }

    @Test("is remembered for a while when it counts no more, but for what a no came after")
    func remembered() throws {
        var confirmations = Confirmations()
        let entry = try entry()
        #expect(confirmations.end(entry) == nil)
        confirmations.insert(entry, now: now)
        #expect(confirmations.end(entry) == now.advanced(by: Confirmations.validity))
        #expect(!confirmations.contains(entry, now: now.advanced(by: .seconds(1_000))))
        confirmations.remove(entry)
        #expect(confirmations.end(entry) == nil)
    }

    @Test("is for one principal, one repository and one digest, as what it was asked for")
    func others() throws {
        var confirmations = Confirmations()
        confirmations.insert(try entry(), now: now)
        let others = [
            try entry(2), try entry(at: "library/other"), try entry(password: "b"), try entry(password: nil),
            try entry(as: .blob),
        ]
        for other in others { #expect(!confirmations.contains(other, now: now)) }
    }

    @Test("is bounded: what is over goes first, then what ends first")
    func bounded() throws {
        var confirmations = Confirmations(limit: 10)
        for number in 0..<5 { confirmations.insert(try entry(number), now: now) }
        let later = now.advanced(by: .seconds(300))
        for number in 5..<11 { confirmations.insert(try entry(number), now: later) }
        #expect(confirmations.count == 6)
        for number in 11..<100 {
            confirmations.insert(try entry(number), now: later.advanced(by: .milliseconds(number)))
            #expect(confirmations.count <= 10)
        }
        let last = try entry(99)
        #expect(confirmations.contains(last, now: later.advanced(by: .seconds(1))))
    }
}

@Suite("Who asks a registry")
struct PrincipalTests {
    private func principal(_ credential: Credential?, at registry: String = "a.test") throws -> Principal {
        Principal(credential, at: try RegistryName(registry))
    }

    private func client(_ value: String) throws -> Credential? {
        Credential(try #require(ClientAuthorization(fields: [value])))
    }

    @Test("who shows a registry the same is the same")
    func same() throws {
        let password = Credential.password(user: "Aladdin", Secret("open sesame"))
        let sent = try client("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        #expect(try principal(password) == principal(sent))
        #expect(try principal(nil) == principal(nil))
    }

    @Test("another password, another kind of credential, another registry, and nothing are others")
    func different() throws {
        let all = [
            try principal(.password(user: "me", Secret("a"))), try principal(.password(user: "me", Secret("b"))),
            try principal(.identityToken(Secret("a"))), try principal(client("Bearer a")), try principal(nil),
            try principal(.password(user: "me", Secret("a")), at: "b.test"), try principal(nil, at: "b.test"),
        ]
        #expect(Set(all).count == all.count)
    }
}

extension Digest {
    /// Digests that differ.
    static func numbered(_ number: Int) -> Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        (bytes[0], bytes[1]) = (UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8))
        guard let digest = try? Digest(algorithm: .sha256, bytes: bytes) else {
            preconditionFailure("32 bytes are a digest of SHA-256")
        }
        return digest
    }
}
