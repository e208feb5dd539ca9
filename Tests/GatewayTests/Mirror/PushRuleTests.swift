import NIOCore
import NIOHTTP1
import OCI
import Synchronization
import Testing

@testable import Gateway

@Suite("Who may push")
struct PushRuleTests {
    private static let both = [false, true]

    @Test("From this machine everything is as it was", arguments: both, both)
    func local(isSecure: Bool, isWrite: Bool) {
        for hasUsers in Self.both {
            for credentials in PushRule.Credentials.allCases {
                let verdict = PushRule(hasUsers: hasUsers).verdict(
                    isLocal: true, isSecure: isSecure, isWrite: isWrite, credentials: credentials)
                #expect(verdict == .allowed)
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var hasUsers: Bool
        var isSecure: Bool
        var isWrite: Bool
        /// By what is shown: nothing, something unchecked, the right, the wrong.
        var verdicts: [String]

        var testDescription: String {
            "\(hasUsers ? "users" : "no users"), \(isSecure ? "TLS" : "plain"), \(isWrite ? "write" : "read")"
        }
    }

    @Test(
        "From elsewhere it is the file of users that decides, over TLS only",
        arguments: [
            Case(hasUsers: false, isSecure: false, isWrite: false, verdicts: ["allowed"]),
            Case(hasUsers: false, isSecure: false, isWrite: true, verdicts: ["push.htpasswd"]),
            Case(hasUsers: false, isSecure: true, isWrite: false, verdicts: ["allowed"]),
            Case(hasUsers: false, isSecure: true, isWrite: true, verdicts: ["push.htpasswd"]),
            Case(hasUsers: true, isSecure: false, isWrite: false, verdicts: ["allowed"]),
            Case(hasUsers: true, isSecure: false, isWrite: true, verdicts: ["https://"]),
            Case(
                hasUsers: true, isSecure: true, isWrite: false,
                verdicts: ["needsUser", "check", "allowed", "needsUser"]),
            Case(
                hasUsers: true, isSecure: true, isWrite: true, verdicts: ["needsUser", "check", "allowed", "needsUser"]),
        ])
    func elsewhere(test: Case) {
        for (index, credentials) in PushRule.Credentials.allCases.enumerated() {
            let expected = test.verdicts.count == 1 ? test.verdicts[0] : test.verdicts[index]
            var isLookedAt = false
            let verdict = PushRule(hasUsers: test.hasUsers).verdict(
                isLocal: false, isSecure: test.isSecure, isWrite: test.isWrite,
                credentials: {
                    isLookedAt = true
                    return credentials
                }())
            if case .denied(let message) = verdict {
                #expect(message.contains(expected))
            } else {
                #expect("\(verdict)" == expected)
            }
            // Credentials over a plain connection are nobody's business.
            #expect(isLookedAt == (test.hasUsers && test.isSecure))
        }
    }

    @Test("What is not known to read is a write")
    func writes() {
        let reads: [HTTPMethod] = [.GET, .HEAD, .OPTIONS]
        let writes: [HTTPMethod] = [.POST, .PUT, .PATCH, .DELETE, .TRACE, .RAW(value: "get"), .RAW(value: "FROB")]
        #expect(reads.allSatisfy { !PushRule.isWrite($0) })
        #expect(writes.allSatisfy(PushRule.isWrite))
    }

    @Test(
        "This machine is loopback, and a unix socket",
        arguments: [
            ("127.0.0.1", true), ("127.9.8.7", true), ("::1", true), ("::ffff:127.0.0.1", true), ("192.168.1.7", false),
            ("128.0.0.1", false), ("10.0.0.127", false), ("::2", false), ("::", false), ("fe80::1", false),
            ("1::1", false), ("::127.0.0.1", false), ("::ffff:192.168.1.7", false), ("0.0.0.0", false),
        ])
    func thisMachine(address: String, isLocal: Bool) throws {
        let from = try SocketAddress(ipAddress: address, port: 40_000)
        #expect(HTTPRequest(method: .GET, path: "/v2/", remoteAddress: from).isFromThisMachine == isLocal)
        #expect(HTTPRequest(method: .GET, path: "/v2/").isFromThisMachine)
    }
}

@Suite("Pushing through the mirror's door", .timeLimit(.minutes(1)))
struct PushAccessTests {
    /// Knows alice, whose password is "right"; and is busy for "busy".
    private final class StubUsers: PushUsers {
        let asked = Mutex<[String]>([])

        func check(_ credentials: BasicCredentials, from address: String) async -> PushUserVerdict {
            asked.withLock { $0.append("\(credentials.user) \(address)") }
            return switch credentials.password {
            case "right": .right
            case "busy": .later(seconds: 7)
            default: .wrong
            }
        }
    }

    /// A request from another machine, by "METHOD path password"; over TLS unless it is said otherwise.
    private static func request(
        _ method: HTTPMethod, _ path: String, from address: String = "192.0.2.7", isSecure: Bool = true,
        authorization: String? = nil
    ) throws -> HTTPRequest {
        var headers: HTTPHeaders = ["Host": "shoal.lan:5050"]
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        return HTTPRequest(
            method: method, path: path, headers: headers,
            remoteAddress: try SocketAddress(ipAddress: address, port: 40_000), isSecure: isSecure)
    }

    private static func text(_ response: HTTPResponse) -> String {
        if case .bytes(let bytes) = response.body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    private static let right = "Basic YWxpY2U6cmlnaHQ="
    private static let wrong = "Basic YWxpY2U6d3Jvbmc="
    private static let busy = "Basic YWxpY2U6YnVzeQ=="

    @Test(
        "Over TLS every request needs a user, /v2/ included",
        arguments: ["/v2/", "/v2/app/tags/list", "/v2/app/blobs/uploads/", "/nonsense"], [nil, wrong, "Bearer x"])
    func challenge(path: String, authorization: String?) async throws {
        let records = Signal<MirrorRecord>()
        let responder = MirrorResponder(
            backend: StubMirror(), audience: .runtimes, allowsRemote: true, users: StubUsers(),
            isConfiguredUpstream: { _ in false }, observe: { records.send($0) })
        for method in [HTTPMethod.GET, .HEAD, .POST] {
            let response = await responder.respond(to: try Self.request(method, path, authorization: authorization))
            #expect(response.status == .unauthorized)
            #expect(response.headers["WWW-Authenticate"] == ["Basic realm=\"shoal\""])
            #expect(response.headers["Docker-Distribution-API-Version"] == ["registry/2.0"])
            #expect(response.headers["Content-Type"] == ["application/json"])
            #expect(Self.text(response).hasPrefix("{\"errors\":[{\"code\":\"UNAUTHORIZED\""))
            response.onEnd?(HTTPOutcome(end: .complete, status: response.status, bytes: 0, duration: .zero))
            #expect(try await records.next().subject == .other)
        }
    }

    @Test("Who is a user is let through, and what they ask is answered")
    func user() async throws {
        let users = StubUsers()
        let responder = MirrorResponder(StubMirror(), allowsRemote: true, users: users)
        let response = await responder.respond(to: try Self.request(.GET, "/v2/", authorization: Self.right))
        #expect(response.status == .ok)
        #expect(users.asked.withLock { $0 } == ["alice 192.0.2.7"])
    }

    @Test("Too many guesses are told to come back later")
    func later() async throws {
        let responder = MirrorResponder(StubMirror(), allowsRemote: true, users: StubUsers())
        let response = await responder.respond(to: try Self.request(.GET, "/v2/", authorization: Self.busy))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers["Retry-After"] == ["7"])
        #expect(response.headers["WWW-Authenticate"] == [])
    }

    @Test("Without TLS nobody looks at credentials: reads are answered, writes denied", arguments: [nil, right, wrong])
    func plain(authorization: String?) async throws {
        let users = StubUsers()
        let responder = MirrorResponder(StubMirror(), allowsRemote: true, users: users)
        let read = await responder.respond(
            to: try Self.request(.GET, "/v2/", isSecure: false, authorization: authorization))
        #expect(read.status == .ok)
        let write = await responder.respond(
            to: try Self.request(.PUT, "/v2/app/manifests/1", isSecure: false, authorization: authorization))
        #expect(write.status == .forbidden)
        #expect(Self.text(write).hasPrefix("{\"errors\":[{\"code\":\"DENIED\""))
        #expect(write.headers["WWW-Authenticate"] == [])
        #expect(users.asked.withLock { $0 } == [])
    }

    @Test("Without users writes from elsewhere are denied, with what to configure")
    func noUsers() async throws {
        let responder = MirrorResponder(StubMirror(), allowsRemote: true)
        let response = await responder.respond(
            to: try Self.request(.POST, "/v2/app/blobs/uploads/", authorization: Self.right))
        #expect(response.status == .forbidden)
        #expect(Self.text(response).contains("push.htpasswd"))
        #expect(await responder.respond(to: try Self.request(.GET, "/v2/")).status == .ok)
    }

    @Test("Programs of this machine need no user, over TLS neither")
    func local() async throws {
        let users = StubUsers()
        let responder = MirrorResponder(StubMirror(), allowsRemote: true, users: users)
        for isSecure in [true, false] {
            let response = await responder.respond(
                to: try Self.request(.GET, "/v2/", from: "127.0.0.1", isSecure: isSecure, authorization: Self.wrong))
            #expect(response.status == .ok)
        }
        #expect(users.asked.withLock { $0 } == [])
    }
}
