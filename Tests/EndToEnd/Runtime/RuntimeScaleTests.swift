import FoundationEssentials
import Testing

extension EndToEnd {
    /// A node that has run for years.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("containerd")))
    struct RuntimeScaleTests {
        @Test("500 images with 5,000 blobs are in the inventory three seconds after the start, in less than 64 MiB")
        func manyImages() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration.besideContainerd
                configuration.keyFile = try await lan.clusterKey()
                let node = try await lan.idleNode(configuration)
                // In memory, where thousands of commits cost no wait for a disk.
                try await lan.mountTmpfs(at: Containerd.root(in: node.folder), megabytes: 256)
                let containerd = try await Containerd(on: node)
                var archive = ImageArchive()
                for number in 0..<500 {
                    try archive.add("registry.test/many/app:\(number)", layers: 8, layerBytes: 64)
                }
                let file = lan.folder.path + "/many.tar"
                try archive.write(to: file)
                let start = ContinuousClock.now
                try await containerd.run("images", "import", "--no-unpack", file)
                report("containerd took in 500 images", .now - start)

                let born = ContinuousClock.now
                try await node.startAgent()
                try await eventually("all blobs are offered", within: .seconds(60), every: .milliseconds(100)) {
                    try await node.status().shared.blobs >= 5_000
                }
                let took = ContinuousClock.now - born
                report("5,000 blobs were in the inventory after", took)
                report("the agent's memory", bytes: try node.residentMemory())
                report("the agent's peak memory", bytes: try node.peakMemory())
                if Environment.isRelease {
                    #expect(took < .seconds(3))
                    #expect(try node.peakMemory() < 64 << 20)
                }
            }
        }
    }
}
