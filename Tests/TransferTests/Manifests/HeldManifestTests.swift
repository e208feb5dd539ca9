import Content
import Glibc
import OCI
import SystemPackage
import Testing

@testable import Transfer

@Suite("A held manifest whose file was cut", .serialized, .timeLimit(.minutes(1)))
struct HeldManifestTests {
    @Test("is had from upstream, and held whole again")
    func cut() async throws {
        try await MirrorScene.run(verifies: false) { scene async throws in
            let wanted = ManifestReference.digest(scene.manifest)
            #expect(try await scene.get(wanted, as: GateScene.anna) == scene.manifest)
            let file = scene.folder.appending("store/blobs/sha256/\(scene.manifest.hex)")
            let asked = scene.stub.requests(for: scene.manifestPath).count
            #expect(truncate(file.string, 10) == 0)
            #expect(try await scene.get(wanted, as: GateScene.anna) == scene.manifest)
            #expect(scene.stub.requests(for: scene.manifestPath).count > asked)
            let again = scene.stub.requests(for: scene.manifestPath).count
            #expect(try await scene.get(wanted, as: GateScene.anna) == scene.manifest)
            #expect(scene.stub.requests(for: scene.manifestPath).count == again)
        }
    }
}
