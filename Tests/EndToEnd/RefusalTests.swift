import Foundation
import Testing

/// What a user or a stranger gets wrong.
@Suite("Bad input", .serialized)
struct RefusalTests {
    @Test(
        "a wrong configuration is one line that names file and key, and exit 2",
        arguments: [
            ("colour = \"red\"", "colour"), ("[mirror]\nlisten = 5050", "listen"),
            ("[store]\ncapacity = \"20 apples\"", "capacity"),
            ("[tags]\npolicy = \"whatever\"", "policy"), ("[mirror]\nlisten = [\"0.0.0.0:5050\"]", "listen"),
        ])
    func configuration(text: String, key: String) async throws {
        let file = FileManager.default.temporaryDirectory.path + "/shoal-bad-\(UUID().uuidString).toml"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let output = try await Command.run([Requirement.shoal, "agent", "--config", file], within: .seconds(20))
        #expect(output.status == 2)
        #expect(output.err.split(separator: "\n").count == 1, "\(output.err)")
        #expect(output.err.contains(key) && output.err.contains(file), "\(output.err)")
    }

    @Test("commands say in one line that no agent can be reached, and exit 1", arguments: ["status", "peers"])
    func noAgent(command: String) async throws {
        let output = try await Command.run([Requirement.shoal, command, "--socket", "/nonexistent.sock"])
        #expect(output.status == 1)
        #expect(output.err.split(separator: "\n").count == 1, "\(output.err)")
    }

    @Test("wrong usage is exit 2", arguments: [["nonsense"], ["locate"], ["status", "--colour"], ["keygen"]])
    func usage(arguments: [String]) async throws {
        #expect(try await Command.run([Requirement.shoal] + arguments).status == 2)
    }

    @Test("keygen writes a key that only its owner reads, and never overwrites one")
    func keygen() async throws {
        let file = FileManager.default.temporaryDirectory.path + "/shoal-key-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await Command.must([Requirement.shoal, "keygen", file])
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        let before = try String(contentsOfFile: file, encoding: .utf8)
        #expect(try await Command.run([Requirement.shoal, "keygen", file]).status == 1)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == before)
    }

    @Test(
        "the mirror answers bad requests with the statuses and codes of the specification",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "curl")))
    func mirror() async throws {
        let image = try await Images.small()
        let manifest = try await Images.manifest(image)
        let blob = try #require(manifest.blobs.last)
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "app:v1")
            let agent = try Agent(on: try await lan.host("n1", address: 1), registry: registry)
            try await agent.start()
            let ns = "ns=\(Registry.name)"
            let path = "/v2/app/blobs/\(blob.digest)?\(ns)"
            let cases: [(path: String, options: [String], status: Int, code: String?)] = [
                ("/v2/", [], 200, nil),
                (path, [], 200, nil),
                (path, ["-H", "Range: bytes=0-9"], 206, nil),
                (path, ["-H", "Range: bytes=-5"], 206, nil),
                (path, ["-H", "Range: bytes=0-1,5-6"], 200, nil),
                (path, ["-H", "Range: lines=0-1"], 200, nil),
                (path, ["-H", "Range: bytes=\(blob.size)-"], 416, "RANGE_INVALID"),
                (path, ["-H", "Origin: http://evil.example"], 403, "DENIED"),
                (path, ["-H", "Host: evil.example"], 403, "DENIED"),
                (path, ["-X", "DELETE"], 405, "UNSUPPORTED"),
                ("/v2/app/blobs/sha256:zz?\(ns)", [], 400, "DIGEST_INVALID"),
                ("/v2/app/blobs/sha256:\(String(repeating: "0", count: 64))?\(ns)", [], 404, "BLOB_UNKNOWN"),
                ("/v2/app/manifests/nothing?\(ns)", [], 404, "MANIFEST_UNKNOWN"),
                ("/v2/App/manifests/v1?\(ns)", [], 400, "NAME_INVALID"),
                ("/v2/app/manifests/.v1?\(ns)", [], 400, nil),
                ("/v2/app/manifests/v1?ns=a%20b", [], 400, "NAME_INVALID"),
                ("/v2/library/nginx/manifests/latest", [], 404, "MANIFEST_UNKNOWN"),
                ("/v2/127.0.0.1/x/manifests/latest", [], 404, "MANIFEST_UNKNOWN"),
                ("/nothing", [], 404, "NAME_UNKNOWN"),
            ]
            for (path, options, status, code) in cases {
                let answer = try await agent.get(path, options: options + ["--path-as-is", "--max-time", "20"])
                #expect(answer.status == status, "\(path) \(options): \(answer.body.prefix(300))")
                if let code {
                    #expect(answer.body.contains("\"\(code)\""), "\(path) \(options): \(answer.body.prefix(300))")
                }
            }
        }
    }
}
