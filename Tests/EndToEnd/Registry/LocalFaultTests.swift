import FoundationEssentials
import Testing

extension EndToEnd {
    /// What goes wrong around images without a registry: a kill, a full disk.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("skopeo")))
    struct LocalFaultTests {
        @Test(
            "an agent that is killed in the middle of a collection, again and again, loses nothing that a name leads to"
        )
        func killedCollection() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                var archive = ImageArchive()
                for number in 0..<120 {
                    try archive.add("localhost:5050/team/app\(number):v1", layers: 4, layerBytes: 4 << 10)
                }
                let file = lan.folder.path + "/images.tar"
                try archive.write(to: file)
                let loaded = try await node.shoal("load", file)
                #expect(loaded.succeeded, "\(loaded.errors)")
                let (gone, kept) = (archive.images[..<100], archive.images[100...])
                for batch in 0..<5 {
                    for image in gone[batch * 20..<batch * 20 + 20] {
                        #expect(try await node.shoal("rm", image.reference).succeeded)
                    }
                    let before = try blobs(of: node)
                    let collection = try lan.start(
                        [Environment.binary, "gc", "--grace", "0", "--socket", node.folder + "/shoal.sock"],
                        on: node.machine, log: node.folder + "/gc.log")
                    // In its midst, as far as it can be seen from outside.
                    try await eventually("something is collected, or all of it", every: .microseconds(200)) {
                        try !collection.isRunning || blobs(of: node) < before
                    }
                    try await node.killAgent()
                    try await node.startAgent()
                    for image in kept { try await check(image, on: node) }
                }
                #expect(try await node.shoal("gc", "--grace", "0").succeeded)
                for image in kept { try await check(image, on: node) }
                for image in gone {
                    #expect(
                        try await node.local("\(repository(image))/manifests/\(image.digest)", "--head").status == 404)
                }
                #expect(try blobs(of: node) == kept.reduce(0) { $0 + $1.blobs })
                // The layout on disk is what its readers expect.
                for image in kept {
                    let raw = try await node.skopeo(
                        "inspect", "--raw", "oci:\(node.dataDirectory)/store:\(image.reference)")
                    #expect(raw == (try await node.local("\(repository(image))/manifests/v1").text))
                }
            }
        }

        private func repository(_ image: ImageArchive.Image) -> String {
            String(image.reference.dropFirst("localhost:5050/".count).dropLast(":v1".count))
        }

        private func check(_ image: ImageArchive.Image, on node: Node) async throws {
            let name = repository(image)
            #expect(try await node.digest(of: name, "v1") == image.digest)
            let copy = "\(node.folder)/copy-\(UInt32.random(in: 0...UInt32.max))"
            // skopeo checks every digest.
            try await node.skopeo(
                "copy", "--quiet", "--src-tls-verify=false", "docker://\(image.reference)", "dir:\(copy)")
            try FileManager.default.removeItem(atPath: copy)
        }

        private func blobs(of node: Node) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: node.dataDirectory + "/store/blobs/sha256").count
        }

        @Test(
            "a push that the disk has no room for is refused with 507, leaves nothing behind, and harms nothing that is there"
        )
        func fullDisk() async throws {
            try await LAN.with { lan in
                let disk = lan.folder.path + "/disk"
                try await lan.mountTmpfs(at: disk, megabytes: 16)
                var configuration = AgentConfiguration()
                configuration.dataDirectory = disk
                let repository = Repository(try await lan.node(configuration))
                let kept = try await repository.push(manifest: "kept", as: "v1")
                let large = [UInt8](repeating: 7, count: 20 << 20)
                for _ in 0..<2 {
                    let location = try await repository.beginUpload()
                    let digest = Repository.digest(String(decoding: large, as: UTF8.self))
                    let refused = try await repository.send("PUT", "\(location)?digest=\(digest)", large)
                    #expect(refused.status == 507)
                    #expect(refused.code != nil)
                    #expect(try await repository.send("HEAD", "blobs/\(digest)").status == 404)
                    _ = try await repository.send("DELETE", location)
                }
                #expect(try await repository.get("manifests/v1").status == 200)
                #expect(try await repository.get("manifests/\(kept)").status == 200)
                let next = try await repository.push(manifest: "next", as: "v2")
                try await repository.node.killAgent()
                try await repository.node.startAgent()
                try await repository.node.means(kept, by: "team/app", "v1")
                try await repository.node.means(next, by: "team/app", "v2")
            }
        }
    }
}
