import FoundationEssentials

/// containerd as the kubelet drives it.
extension Containerd {
    /// Pulls as the kubelet does: `PullImage` of the CRI's image service, one unary gRPC call, which curl can make.
    func pullByCRI(_ reference: String) async throws {
        _ = try await call("PullImage", reference)
    }

    /// Whether the kubelet would start a container of it without pulling: `ImageStatus` has something to say.
    func isKnownToCRI(_ reference: String) async throws -> Bool {
        try await call("ImageStatus", reference).count > 5
    }

    /// - Returns: the answer's message, behind the five bytes that gRPC puts in front of it.
    private func call(_ method: String, _ reference: String) async throws -> [UInt8] {
        let image = Self.field(1, Array(reference.utf8))
        let request = Self.field(1, image)
        let length = withUnsafeBytes(of: UInt32(request.count).bigEndian, Array.init)
        let folder = try TemporaryFolder()
        try Data([0] + length + request).write(to: URL(filePath: folder.path + "/request"))
        let head = try await Command(
            node.machine.command([
                "curl", "--silent", "--show-error", "--http2-prior-knowledge",
                "--unix-socket", Self.address(in: node.folder),
                "--header", "content-type: application/grpc", "--header", "te: trailers",
                "--data-binary", "@" + folder.path + "/request",
                "--dump-header", "-", "--output", folder.path + "/answer",
                "http://localhost/runtime.v1.ImageService/\(method)",
            ])
        ).run()
        guard head.contains("grpc-status: 0") else { throw HarnessError("the CRI's \(method) failed: \(head)") }
        return try [UInt8](Data(contentsOf: URL(filePath: folder.path + "/answer")))
    }

    /// A length-delimited field of a protobuf message; short ones only.
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 1 << 14, "the length of a longer field takes three bytes")
        let length =
            bytes.count < 128 ? [UInt8(bytes.count)] : [UInt8(bytes.count & 127) | 128, UInt8(bytes.count >> 7)]
        return [number << 3 | 2] + length + bytes
    }
}
