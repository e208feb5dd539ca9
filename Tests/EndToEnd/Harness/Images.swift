import Foundation

/// Images for the tests, made once a run from this machine's own files.
enum Images {
    private static let directory = "/tmp/shoal-e2e-images-\(getpid())"
    private static let script =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/deploy/lib/make-image"

    private actor Builder {
        private var built: [String: Task<String, any Error>] = [:]

        func build(_ name: String, _ arguments: [String]) async throws -> String {
            if let task = built[name] { return try await task.value }
            let path = "\(Images.directory)/\(name)"
            let task = Task {
                try FileManager.default.createDirectory(atPath: Images.directory, withIntermediateDirectories: true)
                try await Command.must([Images.script] + arguments + [path], within: .seconds(300))
                return "\(path):latest"
            }
            built[name] = task
            return try await task.value
        }
    }

    private static let builder = Builder()

    /// A real image of several layers, over 100 MiB: `layout:tag`.
    static func large() async throws -> String { try await builder.build("large", ["--mebibytes", "100"]) }

    /// A small runnable image.
    static func small() async throws -> String { try await builder.build("small", ["--mebibytes", "1"]) }

    /// An image with one layer of 1 GiB of bytes that do not compress.
    static func huge() async throws -> String { try await builder.build("huge", ["--random-layer", "1024"]) }

    /// The manifest of a layout's image: its digest, and the digests and sizes of its blobs.
    static func manifest(_ image: String) async throws -> (digest: String, blobs: [(digest: String, size: Int64)]) {
        let raw = try await Command.must(["skopeo", "inspect", "--raw", "oci:\(image)"]).out
        let digest = try await Command.must(["skopeo", "inspect", "--format", "{{.Digest}}", "oci:\(image)"]).out
        guard let json = try JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any],
            let config = json["config"] as? [String: Any], let layers = json["layers"] as? [[String: Any]]
        else { throw CommandFailed(description: "no manifest: \(raw)") }
        let blobs = ([config] + layers).compactMap { entry -> (digest: String, size: Int64)? in
            guard let digest = entry["digest"] as? String, let size = entry["size"] as? NSNumber else { return nil }
            return (digest, size.int64Value)
        }
        return (digest.trimmingCharacters(in: .whitespacesAndNewlines), blobs)
    }

    /// The bytes of an image: its manifest and all its blobs.
    static func bytes(_ image: String) async throws -> Int64 {
        try await manifest(image).blobs.reduce(0) { $0 + $1.size }
    }
}
