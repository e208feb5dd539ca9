import FoundationEssentials
import Testing

extension EndToEnd {
    /// Images in and out as files.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("skopeo"), .program("podman"), .program("gzip")))
    struct ArchiveTests {
        private static let name = "localhost:5050/team/app:v1"

        @Test("an archive that was loaded on one node is saved on another as what podman loads and skopeo reads")
        func loadAndSave() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(2)
                let image = try ImageArchive.write(Self.name, to: lan.folder.path + "/in.tar")
                let loaded = try await nodes[0].shoal("load", lan.folder.path + "/in.tar")
                #expect(loaded.succeeded, "\(loaded.errors)")
                try await nodes[1].means(image.digest, by: "team/app", "v1")
                let file = lan.folder.path + "/out.tar"
                // What it is saved from has to be here.
                try await nodes[1].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "docker://" + Self.name,
                    "dir:\(lan.folder.path)/pulled")
                let saved = try await nodes[1].shoal("save", Self.name, "-o", file)
                #expect(saved.succeeded, "\(saved.errors)")
                #expect(try await nodes[1].skopeo("inspect", "--raw", "oci-archive:" + file).contains(image.layers[0]))
                let podman = try ContainerTools(on: nodes[1])
                #expect(
                    try await podman.run("podman", in: "p", "load", "--quiet", "--input", file).contains("team/app"))
            }
        }

        @Test(
            "an archive comes in through standard input, packed or not, from docker save's form too, under the name that is given",
            arguments: ["oci-archive", "docker-archive"])
        func standardInput(form: String) async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let folder = lan.folder.path
                _ = try ImageArchive.write("localhost:5050/from:v1", to: folder + "/in.tar")
                try await node.skopeo(
                    "copy", "--quiet", "oci-archive:\(folder)/in.tar", "\(form):\(folder)/\(form).tar")
                let script = #"gzip -c "$1" | "$0" load --name "$2" --socket "$3""#
                try await node.machine.run(
                    "sh", "-c", script, Environment.binary, "\(folder)/\(form).tar", Self.name,
                    node.folder + "/shoal.sock")
                try await node.skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "docker://" + Self.name, "dir:\(folder)/copy")
                #expect(try await node.shoal("images").text.contains(Self.name))
            }
        }

        @Test("an archive that breaks off, or has a blob that is not what its name says, leaves no image behind")
        func broken() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let file = lan.folder.path + "/in.tar"
                let image = try ImageArchive.write(Self.name, to: file)
                let whole = try [UInt8](Data(contentsOf: URL(filePath: file)))
                try Data(whole.prefix(whole.count / 2)).write(to: URL(filePath: file))
                let cut = try await node.shoal("load", file)
                #expect(!cut.succeeded)
                #expect(!cut.errors.isEmpty)
                var damaged = whole
                // In the layer that the first half did not bring.
                damaged[whole.count * 2 / 3] ^= 1
                try Data(damaged).write(to: URL(filePath: file))
                let refused = try await node.shoal("load", file)
                #expect(!refused.succeeded)
                #expect(refused.errors.contains("sha256:"))
                #expect(try await node.digest(of: "team/app", "v1") == nil)
                #expect(try await node.local("team/app/manifests/\(image.digest)").status == 404)
                try Data(whole).write(to: URL(filePath: file))
                #expect(try await node.shoal("load", file).succeeded)
                #expect(try await node.digest(of: "team/app", "v1") == image.digest)
            }
        }
    }
}
