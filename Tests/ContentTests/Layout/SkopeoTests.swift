import Content
import OCI
import Subprocess
import SystemPackage
import Testing

@Suite(
    "Skopeo reads the layout",
    .enabled(if: Surroundings.hasSkopeo || Surroundings.isCI, "skopeo is not installed: apt-get install skopeo"))
struct SkopeoTests {
    private func inspect(_ scratch: Scratch, _ name: String) async throws -> (status: TerminationStatus, text: String) {
        let result = try await run(
            .name("skopeo"), arguments: ["inspect", "oci:\(scratch.store):\(name)"], output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        return (result.terminationStatus, result.standardOutput + result.standardError)
    }

    @Test(
        "by full reference", arguments: ["docker.io/library/x:tag", "localhost:5050/team/app:1", "ghcr.io/a/b_c:v1.0"])
    func byReference(_ name: String) async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try TestImage("a", layers: [bytes(1_000)])
        try await image.put(into: layout)
        try await layout.record(try image.record(name))
        let (status, text) = try await inspect(scratch, name)
        #expect(status == .exited(0), "\(text)")
        #expect(text.contains("\(image.digest)"))
        #expect(text.contains("\(digestOf(image.layers[0]))"))
    }

    @Test("through an index")
    func throughIndex() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        var descriptor = try TestImage("a", layers: [bytes(1_000)]).descriptor
        descriptor.platform = .current
        let index = try TestIndex([descriptor])
        try await TestImage("a", layers: [bytes(1_000)]).put(into: layout)
        try await layout.put(index.bytes, as: index.digest)
        try await layout.record(try index.record("docker.io/library/x:tag"))
        let (status, text) = try await inspect(scratch, "docker.io/library/x:tag")
        #expect(status == .exited(0), "\(text)")
        #expect(text.contains("\(digestOf(bytes(1_000)))"))
    }

    @Test("while other images come and go")
    func meanwhile() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try TestImage("a", layers: [bytes(1_000)])
        try await image.put(into: layout)
        try await layout.record(try image.record("docker.io/library/x:tag"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let other = try TestImage("b", layers: [bytes(2_000)])
                    try await other.put(into: layout)
                    try await layout.record(try other.record("docker.io/library/y:tag"))
                    try layout.remove(other.digest)
                }
            }
            for _ in 0..<5 {
                let (status, text) = try await inspect(scratch, "docker.io/library/x:tag")
                #expect(status == .exited(0), "\(text)")
            }
            group.cancelAll()
        }
    }
}
