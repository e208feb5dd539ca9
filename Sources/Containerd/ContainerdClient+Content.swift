internal import GRPCCore
public import OCI

extension ContainerdClient {
    /// All blobs that a namespace has committed. An entry that makes no sense is left out.
    /// - Throws: `.malformed` where there are more than a million.
    public func contents(in namespace: String) async throws(ContainerdError) -> [RuntimeContent] {
        try await call("the content of namespace \(namespace)") {
            try await WireContent.Client(wrapping: self.grpc).list(
                WireListContentRequest(), metadata: Self.metadata(namespace), options: Self.options()
            ) { response in
                var contents: [RuntimeContent] = []
                for try await message in response.messages {
                    contents += message.info.compactMap { self.readable($0, in: namespace) }
                    guard contents.count <= Self.listingLimit else {
                        throw ContainerdError(
                            .malformed,
                            "namespace \(namespace) has more than \(Self.listingLimit) blobs; they are not shared")
                    }
                }
                return contents
            }
        }
    }

    /// One blob; nil where the namespace does not have it, or has not committed it yet.
    public func content(_ digest: Digest, in namespace: String) async throws(ContainerdError) -> RuntimeContent? {
        var request = WireInfoRequest()
        request.digest = digest.description
        return try await found { () async throws(ContainerdError) in
            try await call("blob \(digest)") { [request] in
                let answer = try await WireContent.Client(wrapping: self.grpc).info(
                    request, metadata: Self.metadata(namespace), options: Self.options())
                return self.readable(answer.info, in: namespace)
            }
        }
    }

    /// Bytes of a blob, read through containerd: for when its files cannot be.
    /// - Parameter count: at most so many; fewer come only at the blob's end.
    /// - Throws: `.notFound` where the namespace does not have it.
    public func read(
        _ digest: Digest, in namespace: String, at offset: Int64, count: Int
    ) async throws(ContainerdError) -> [UInt8] {
        // To containerd no size means all of it.
        guard count > 0 else { return [] }
        var request = WireReadContentRequest()
        request.digest = digest.description
        request.offset = offset
        request.size = Int64(count)
        return try await call("blob \(digest)") { [request] in
            try await WireContent.Client(wrapping: self.grpc).read(
                request, metadata: Self.metadata(namespace), options: Self.options()
            ) { response in
                var bytes: [UInt8] = []
                for try await message in response.messages {
                    // containerd counts from where the reading began, the API's text from the blob's beginning.
                    let begin = Int64(bytes.count)
                    guard message.offset == begin || message.offset == offset + begin,
                        bytes.count + message.data.count <= count
                    else {
                        throw ContainerdError(
                            .malformed,
                            "containerd sent other bytes of \(digest) than those at \(offset) that it was asked for")
                    }
                    bytes += message.data
                }
                return bytes
            }
        }
    }

    /// What an entry says; nil, and told, where it makes no sense.
    private func readable(_ info: WireContentInfo, in namespace: String) -> RuntimeContent? {
        do {
            return try RuntimeContent(info)
        } catch {
            passedOver("a blob in namespace \(namespace): \(error.message)")
            return nil
        }
    }

    /// Makes an absence of what is not there.
    func found<Result>(
        _ body: () async throws(ContainerdError) -> Result?
    ) async throws(ContainerdError) -> Result? {
        do throws(ContainerdError) {
            return try await body()
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}

extension RuntimeContent {
    /// - Throws: For what has no digest that is known here, or an impossible size.
    init(_ info: WireContentInfo) throws(ContainerdError) {
        guard info.size >= 0 else { throw ContainerdError(.malformed, "a blob of \(info.size) bytes") }
        self.init(
            digest: try .named(info.digest), size: info.size, createdAt: info.createdAt.seconds,
            updatedAt: info.updatedAt.seconds,
            labels: ContentLabels(info.labels))
    }
}

extension Digest {
    /// What containerd calls a digest. It knows more algorithms than are served here.
    static func named(_ text: String) throws(ContainerdError) -> Digest {
        do {
            return try Digest(text)
        } catch {
            throw ContainerdError(.malformed, error.message)
        }
    }
}
