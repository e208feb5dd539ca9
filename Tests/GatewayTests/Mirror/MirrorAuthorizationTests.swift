import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

/// Whose business it is what a request carries as `Authorization`.
@Suite("What clients of the mirror show")
struct MirrorAuthorizationTests {
    /// Nobody's password is right.
    private struct NoUsers: PushUsers {
        func check(_ credentials: BasicCredentials, from address: String) async -> PushUserVerdict { .wrong }
    }

    private static let targets = [
        "manifests/latest", "manifests/\(StubMirror.manifestDigest)", "blobs/\(StubMirror.blobDigest)", "tags/list",
        "referrers/\(StubMirror.manifestDigest)",
    ]

    private func request(
        _ target: String, _ method: HTTPMethod = .GET, authorization: [String] = ["Bearer the-clients-own"],
        from address: String = "127.0.0.1"
    ) throws -> HTTPRequest {
        var headers: HTTPHeaders = ["Host": "localhost:5050"]
        for value in authorization { headers.add(name: "Authorization", value: value) }
        return HTTPRequest(
            method: method, path: "/v2/library/app/\(target)", query: "ns=docker.io", headers: headers,
            remoteAddress: try SocketAddress(ipAddress: address, port: 40_000))
    }

    @Test("It goes on with each question of that request", arguments: targets)
    func passedOn(target: String) async throws {
        let mirror = StubMirror()
        let responder = MirrorResponder(mirror)
        let methods: [HTTPMethod] = [.GET, .HEAD]
        for method in methods { _ = await responder.respond(to: try request(target, method)) }
        #expect(mirror.authorizations == ["Bearer the-clients-own", "Bearer the-clients-own"])
    }

    @Test("It does not stay for the next request")
    func forgotten() async throws {
        let mirror = StubMirror()
        let responder = MirrorResponder(mirror)
        for target in Self.targets { _ = await responder.respond(to: try request(target)) }
        for target in Self.targets { _ = await responder.respond(to: try request(target, authorization: [])) }
        let last = Array(mirror.authorizations.suffix(Self.targets.count))
        #expect(last == Self.targets.map { _ in nil })
    }

    @Test("A user of push.htpasswd from elsewhere is this node's, and no registry's")
    func pushUser() async throws {
        let mirror = StubMirror()
        let responder = MirrorResponder(mirror, allowsRemote: true, users: NoUsers())
        let basic = ["Basic YWxpY2U6d29uZGVybGFuZA=="]
        for address in ["192.0.2.7", "127.0.0.1"] {
            _ = await responder.respond(to: try request("manifests/latest", authorization: basic, from: address))
        }
        #expect(mirror.authorizations == [nil, "Basic YWxpY2U6d29uZGVybGFuZA=="])
    }

    @Test("No answer tells it", arguments: ["manifests/denied", "manifests/odd", "manifests/none", "blobs/nonsense"])
    func untold(target: String) async throws {
        let response = await MirrorResponder(StubMirror()).respond(to: try request(target))
        guard case .bytes(let bytes) = response.body else { return }
        let text = "\(response.headers) " + String(decoding: bytes, as: UTF8.self)
        #expect(response.status.code >= 400)
        #expect(!text.contains("the-clients-own"))
    }
}
