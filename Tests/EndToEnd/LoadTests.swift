import FoundationEssentials
import Testing

extension EndToEnd {
    /// Many readers of one blob.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry")))
    struct LoadTests {
        @Test("two hundred parallel range requests for one cold blob of 1 GiB cause one download, in little memory")
        func ranges() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.big)
                let blob = try image.largestBlob
                let registry = try await lan.registry()
                let node = try await lan.node()
                let folder = lan.folder.path + "/ranges"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try Data(curlConfiguration(blob, folder: folder).utf8).write(to: URL(filePath: folder + "/requests"))
                let before = try await registry.machine.bytesSent()
                let start = ContinuousClock.now
                let statuses = try await node.machine.run(
                    "curl", "--silent", "--parallel", "--parallel-immediate", "--parallel-max", "200",
                    "--config", folder + "/requests", within: .seconds(600))
                report("1 GiB in 200 ranges", .now - start)
                #expect(statuses.split(separator: "\n").map(String.init) == Array(repeating: "206", count: 200))

                // What left the registry, not only what the agent made use of: an answer that is cut short costs, too.
                let sent = try await registry.machine.bytesSent() - before
                let received = try await node.status().bytes.upstream
                let requests = try registry.requests(for: "GET /v2/debian/big/blobs/\(blob.digest)").count
                print("  measured: \(requests) requests; \(sent) bytes sent, \(received) received, of \(blob.size)")
                #expect(Double(received) <= Double(blob.size) * 1.02)
                #expect(Double(sent) <= Double(blob.size) * 1.02)
                let memory = try node.peakMemory()
                print("  measured: the agent's peak memory: \(memory >> 20) MiB")
                #expect(memory < 96 << 20)
                let digest = try await Command(
                    ["sh", "-c", "cat \(folder)/part-* | sha256sum"], within: .seconds(120)
                ).run()
                #expect(blob.digest == "sha256:" + digest.prefix(64))
            }
        }

        @Test("readers of one cold blob share one download, and one that goes away stops nothing for the others")
        func sharedDownload() async throws {
            try await LAN.with { lan in
                let blob = try await Fixtures.image(.demo).largestBlob
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = AgentConfiguration()
                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    let node = try await lan.node(configuration)
                    let url = "http://127.0.0.1:5050/v2/debian/demo/blobs/\(blob.digest)?ns=registry.test"
                    proxy.set(.hold(after: blob.size / 2))
                    let readers = try (1...8).map { number in
                        try lan.start(
                            ["curl", "--silent", "--fail", "--output", "\(node.folder)/reader-\(number)", url],
                            on: node.machine, log: "\(node.folder)/readers.log")
                    }
                    try await eventually("the first reader, who started the download, reads") {
                        let file = "\(node.folder)/reader-1"
                        return FileManager.default.fileExists(atPath: file) && proxy.forwarded >= blob.size / 2
                    }
                    try await readers[0].destroy()
                    proxy.set(.none)
                    for (number, reader) in readers.enumerated().dropFirst() {
                        #expect(try await reader.wait(within: .seconds(60)) == .code(0))
                        let sum = try await Command(["sha256sum", "\(node.folder)/reader-\(number + 1)"]).run()
                        #expect(blob.digest == "sha256:" + sum.prefix(64))
                    }
                    #expect(try await node.status().bytes.upstream < blob.size + blob.size / 20)
                }
            }
        }

        /// Two hundred ranges that together are the blob, in files whose names sort as the ranges do.
        private func curlConfiguration(_ blob: Fixtures.Image.Blob, folder: String) -> String {
            let step = (blob.size + 199) / 200
            let requests = (0..<200).map { part in
                let first = part * step
                let last = min(first + step, blob.size) - 1
                return """
                    url = "http://127.0.0.1:5050/v2/registry.test/debian/big/blobs/\(blob.digest)"
                    output = "\(folder)/part-\(1000 + part)"
                    range = "\(first)-\(last)"
                    write-out = "%{http_code}\\n"

                    """
            }
            return requests.joined(separator: "next\n")
        }
    }
}
