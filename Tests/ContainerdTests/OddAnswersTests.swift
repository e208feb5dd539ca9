import OCI
import SwiftProtobuf
import Testing

@testable import Containerd

@Suite("Answers that make no sense")
struct OddAnswersTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private static let other = "sha256:" + String(repeating: "cd", count: 32)

    private static func blobEntry(_ digest: String, size: Int64 = 1, labels: [String: String] = [:]) -> WireContentInfo
    {
        .with {
            $0.digest = digest
            $0.size = size
            $0.labels = labels
        }
    }

    private static func imageEntry(_ name: String, digest: String = digest, type: String = "application/json")
        -> WireImage
    {
        .with {
            $0.name = name
            $0.target.digest = digest
            $0.target.mediaType = type
            $0.target.size = 1
        }
    }

    @Test(
        "of one blob cost that blob only, and are told once",
        arguments: [
            blobEntry("md5:abc"), blobEntry(""), blobEntry("sha256:../../../etc/passwd"), blobEntry(other, size: -1),
            blobEntry("sha384:" + String(repeating: "ab", count: 48)),
        ])
    func content(odd: WireContentInfo) async throws {
        var fake = FakeContainerd()
        fake.contents["default"] = [.with { $0.info = [odd, Self.blobEntry(Self.digest)] }]
        let log = LogRecorder()
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket, logger: log.logger) { client in
                for _ in 0..<3 {
                    #expect(try await client.contents(in: "default").map(\.digest.description) == [Self.digest])
                }
            }
        }
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.contains("namespace default") == true)
    }

    @Test("in a label cost that label only, and are told once")
    func label() async throws {
        var fake = FakeContainerd()
        let labels = ["containerd.io/gc.ref.content.0": "no digest", "containerd.io/gc.ref.content.1": Self.other]
        fake.contents["default"] = [.with { $0.info = [Self.blobEntry(Self.digest, labels: labels)] }]
        let log = LogRecorder()
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket, logger: log.logger) { client in
                for _ in 0..<3 {
                    let content = try #require(try await client.contents(in: "default").first)
                    #expect(content.references == [try Digest(Self.other)])
                }
            }
        }
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.contains("containerd.io/gc.ref.content.0") == true)
    }

    @Test(
        "of one image cost that image only, and are told once",
        arguments: [
            imageEntry("bad", digest: "x"), imageEntry("bad", type: ""), imageEntry("bad", type: "nothing"),
            .with { $0.name = "bad" },
        ])
    func image(odd: WireImage) async throws {
        var fake = FakeContainerd()
        fake.images["default"] = [odd, Self.imageEntry("docker.io/library/good:1")]
        let log = LogRecorder()
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket, logger: log.logger) { client in
                for _ in 0..<3 {
                    #expect(try await client.images(in: "default").map(\.name) == ["docker.io/library/good:1"])
                }
            }
        }
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.hasPrefix("image bad in containerd's namespace default") == true)
    }

    @Test("are told a hundred times, not for every blob of a broken store")
    func manyOddities() async throws {
        var fake = FakeContainerd()
        fake.contents["default"] = [.with { $0.info = (0..<1000).map { Self.blobEntry("odd \($0)") } }]
        let log = LogRecorder()
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket, logger: log.logger) { client in
                #expect(try await client.contents(in: "default").isEmpty)
            }
        }
        #expect(log.warnings.count == 100)
    }

    @Test("bytes from elsewhere in the blob, or more of them than asked for, are refused", arguments: [1, 5])
    func bytes(offset: Int64) async throws {
        var fake = FakeContainerd()
        fake.parts = [
            .with {
                $0.offset = offset
                $0.data = .init(repeating: 0, count: 11)
            }
        ]
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket) { client in
                let error = await #expect(throws: ContainerdError.self) {
                    try await client.read(try Digest(Self.digest), in: "default", at: 5, count: 10)
                }
                #expect(error?.code == .malformed)
            }
        }
    }

    @Test("a content folder that is no path from the root is none", arguments: ["", "relative/path"])
    func root(path: String) async throws {
        var fake = FakeContainerd()
        fake.plugins = [
            .with {
                $0.type = "io.containerd.content.v1"
                $0.exports = ["root": path]
            }
        ]
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket) { client in
                #expect(try await client.contentRoot() == nil)
            }
        }
    }

    @Test("a gRPC server that does not know containerd's calls is no containerd")
    func otherServer() async throws {
        var fake = FakeContainerd()
        fake.version = nil
        try await fake.serve { socket in
            let error = await #expect(throws: ContainerdError.self) {
                try await ContainerdClient.withConnection(to: socket) { _ in }
            }
            #expect(error?.code == .notContainerd)
        }
    }
}
