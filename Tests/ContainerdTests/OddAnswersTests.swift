import OCI
import SwiftProtobuf
import Testing

@testable import Containerd

@Suite("Answers that make no sense")
struct OddAnswersTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private static let other = "sha256:" + String(repeating: "cd", count: 32)

    private static func blob(_ digest: String, size: Int64 = 1, labels: [String: String] = [:]) -> WireContentInfo {
        .with {
            $0.digest = digest
            $0.size = size
            $0.labels = labels
        }
    }

    private static func named(_ name: String, _ digest: String = digest, type: String = "a/b") -> WireImage {
        .with {
            $0.name = name
            $0.target.digest = digest
            $0.target.mediaType = type
            $0.target.size = 1
        }
    }

    @Test(
        "of one blob cost that blob only, and are told",
        arguments: [
            blob("md5:abc"), blob(""), blob("sha256:../../../etc/passwd"), blob(other, size: -1),
            blob("sha384:" + String(repeating: "ab", count: 48)),
        ])
    func content(odd: WireContentInfo) async throws {
        var fake = FakeContainerd()
        fake.contents["default"] = [.with { $0.info = [odd, Self.blob(Self.digest)] }]
        let told = Recorder()
        try await fake.serve { socket in
            let contents = try await ContainerdClient.withConnection(to: socket, passedOver: told.note) {
                try await $0.contents(in: "default")
            }
            #expect(contents.map(\.digest.description) == [Self.digest])
        }
        #expect(told.all.count == 1)
        #expect(told.all.first?.hasPrefix("a blob in namespace default: ") == true)
    }

    @Test("in a label cost that label only, and the blob tells of it")
    func label() async throws {
        var fake = FakeContainerd()
        let labels = ["containerd.io/gc.ref.content.0": "no digest", "containerd.io/gc.ref.content.1": Self.other]
        fake.contents["default"] = [.with { $0.info = [Self.blob(Self.digest, labels: labels)] }]
        try await fake.serve { socket in
            let contents = try await ContainerdClient.withConnection(to: socket) {
                try await $0.contents(in: "default")
            }
            #expect(contents.map(\.references) == [[try Digest(Self.other)]])
            #expect(contents.map(\.unreadableLabels.count) == [1])
        }
    }

    @Test(
        "of one image cost that image only, and are told",
        arguments: [named("bad", "x"), named("bad", type: ""), named("bad", type: "none"), .with { $0.name = "bad" }])
    func image(odd: WireImage) async throws {
        var fake = FakeContainerd()
        fake.images["default"] = [odd, Self.named("docker.io/library/good:1")]
        let told = Recorder()
        try await fake.serve { socket in
            let images = try await ContainerdClient.withConnection(to: socket, passedOver: told.note) {
                try await $0.images(in: "default")
            }
            #expect(images.map(\.name) == ["docker.io/library/good:1"])
        }
        #expect(told.all.count == 1)
        #expect(told.all.first?.hasPrefix("image bad in namespace default: ") == true)
    }

    @Test("more bytes than asked for are refused")
    func bytes() async throws {
        var fake = FakeContainerd()
        fake.parts = [6, 5].map { count in .with { $0.data = .init(repeating: 0, count: count) } }
        try await fake.serve { socket in
            let error = await #expect(throws: ContainerdError.self) {
                try await ContainerdClient.withConnection(to: socket) {
                    try await $0.read(try Digest(Self.digest), in: "default", at: 5, count: 10)
                }
            }
            #expect(error?.code == .malformed)
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
            let root = try await ContainerdClient.withConnection(to: socket) { try await $0.contentRoot() }
            #expect(root == nil)
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

    @Test("a call that is not answered ends, and the connection with it when it is not wanted any more")
    func silence() async throws {
        var fake = FakeContainerd()
        fake.isSilent = true
        try await fake.serve { socket in
            await withTaskGroup(of: Void.self) { group in
                let (asked, ask) = AsyncStream<Void>.makeStream()
                group.addTask {
                    await #expect(throws: (any Error).self) {
                        try await ContainerdClient.withConnection(to: socket) { client in
                            ask.finish()
                            _ = try await client.contents(in: "default")
                        }
                    }
                }
                for await _ in asked {}
                group.cancelAll()
            }
        }
    }
}
