import Glibc

/// Pushes an image into the local namespace of a node, and remembers what was acknowledged: that must be there from then on.
struct Pusher: Sendable {
    struct Result: Sendable {
        var acknowledged: Set<String> = []
        var problems: [String] = []

        func isWhole(_ image: FaultImage) -> Bool { acknowledged.contains(image.manifest.digest) }
    }

    let machine: String

    /// Blob after blob, then the manifest under its tag.
    /// - Parameter inParts: whether blobs are sent by POST, PATCH and PUT instead of one POST.
    func push(_ image: FaultImage, inParts: Bool) async -> Result {
        do {
            return try await NamespaceThread.run(on: machine) {
                var result = Result()
                for blob in image.blobs {
                    do {
                        try inParts ? send(blob, to: image, inParts: ()) : send(blob, to: image)
                        result.acknowledged.insert(blob.digest)
                    } catch {
                        result.problems.append("pushing \(blob.digest): \(error)")
                        return result
                    }
                }
                do {
                    try ask("PUT", "/v2/\(image.repository)/manifests/\(FaultImage.tag)", image.manifest, 201)
                    result.acknowledged.insert(image.manifest.digest)
                } catch {
                    result.problems.append("pushing the manifest: \(error)")
                }
                return result
            }
        } catch {
            return Result(problems: ["\(error)"])
        }
    }

    private func send(_ blob: FaultImage.Blob, to image: FaultImage) throws {
        try ask("POST", "/v2/\(image.repository)/blobs/uploads/?digest=\(blob.digest)", blob, 201)
    }

    private func send(_ blob: FaultImage.Blob, to image: FaultImage, inParts: Void) throws {
        let begun = try ask("POST", "/v2/\(image.repository)/blobs/uploads/", nil, 202)
        guard var location = begun["Location"] else { throw HarnessError("an upload without a location") }
        let sent = try ask("PATCH", path(location), blob, 202)
        location = sent["Location"] ?? location
        let separator = location.contains("?") ? "&" : "?"
        try ask("PUT", "\(path(location))\(separator)digest=\(blob.digest)", nil, 201)
    }

    private func path(_ location: String) -> String {
        guard let scheme = location.firstRange(of: "://") else { return location }
        let rest = location[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
    }

    @discardableResult
    private func ask(_ method: String, _ target: String, _ body: FaultImage.Blob?, _ status: Int) throws -> MessageHead
    {
        let wire = try Wire(to: "127.0.0.1", port: 5050)
        var request = MessageHead(
            "\(method) \(target) HTTP/1.1",
            [("Host", "localhost:5050"), ("Content-Type", body?.kind ?? "application/octet-stream")])
        request["Connection"] = "close"
        request.length = body?.bytes.count ?? 0
        try wire.write(request.text)
        // Who refuses in the middle of a body has answered by then.
        if let body { try? wire.write(body.bytes) }
        guard let text = try wire.readHead(within: .seconds(90)) else { throw Wire.Failure.closed }
        let head = MessageHead(text)
        guard head.status == status else { throw HarnessError("answered \(head.status), not \(status)") }
        return head
    }
}

extension Node {
    var pusher: Pusher { Pusher(machine: name) }

    /// Reads an image of the local namespace back: what is missing or wrong.
    func missing(_ acknowledged: Set<String>, of image: FaultImage) async -> [String] {
        var client = client("")
        client.upstream = nil
        var missing: [String] = []
        for blob in image.everything where acknowledged.contains(blob.digest) {
            let isManifest = blob.digest == image.manifest.digest
            let path = isManifest ? "manifests/\(FaultImage.tag)" : "blobs/\(blob.digest)"
            let outcome = await client.object(image, path, blob)
            if !outcome.isComplete {
                missing.append("\(image.repository) \(path): \(outcome.problems.joined(separator: "; "))")
            }
        }
        return missing
    }
}
