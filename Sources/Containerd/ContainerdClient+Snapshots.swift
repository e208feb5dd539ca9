internal import GRPCCore
public import OCI

/// How a snapshot that is being filled is mounted.
public struct SnapshotMounts: Sendable {
    let mounts: [WireMount]
}

/// Snapshots: unpacked layers, each named by the layers below it and itself (OCI image specification, "Layer ChainID").
extension ContainerdClient {
    /// What unpacking one layer may take: a large one, on a slow disk.
    private static let applyTime: Duration = .seconds(3600)

    /// The snapshotters that this containerd can use, sorted.
    public func snapshotters() async throws(ContainerdError) -> [String] {
        var request = WirePluginsRequest()
        request.filters = ["type==io.containerd.snapshotter.v1"]
        let answer = try await call("its snapshotters") { [request] in
            try await WireIntrospection.Client(wrapping: self.grpc).plugins(request, options: Self.options())
        }
        return answer.plugins.filter { $0.type == "io.containerd.snapshotter.v1" && !$0.hasInitErr }.map(\.id).sorted()
    }

    /// The snapshotter that a namespace's labels name for whoever says nothing else; nil where they name none.
    public func defaultSnapshotter(of namespace: String) async throws(ContainerdError) -> String? {
        let answer = try await call("its namespaces") {
            try await WireNamespaces.Client(wrapping: self.grpc)
                .list(WireListNamespacesRequest(), options: Self.options())
        }
        let label = answer.namespaces.first { $0.name == namespace }?.labels["containerd.io/defaults/snapshotter"]
        return label.flatMap { $0.isEmpty ? nil : $0 }
    }

    func hasSnapshot(
        _ name: Digest, of snapshotter: String, in namespace: String
    ) async throws(ContainerdError) -> Bool {
        var request = WireStatSnapshotRequest()
        request.snapshotter = snapshotter
        request.key = name.description
        return try await found { () async throws(ContainerdError) in
            try await call("snapshot \(name)") { [request] in
                _ = try await WireSnapshots.Client(wrapping: self.grpc).stat(
                    request, metadata: Self.metadata(namespace), options: Self.options())
                return true
            }
        } ?? false
    }

    /// Makes an empty snapshot over another one, to be filled.
    /// - Parameters:
    ///   - key: by which it goes until it is committed.
    ///   - name: what it will be.
    /// - Returns: nil where somebody else has made it meanwhile.
    public func prepareSnapshot(
        _ key: String, over parent: Digest?, for name: Digest, of snapshotter: String, under lease: RuntimeLease
    ) async throws(ContainerdError) -> SnapshotMounts? {
        var request = WirePrepareSnapshotRequest()
        request.snapshotter = snapshotter
        request.key = key
        request.parent = parent?.description ?? ""
        request.labels = ["containerd.io/snapshot.ref": name.description]
        return try await unlessThere { () async throws(ContainerdError) in
            try await call("a new snapshot") { [request] in
                let answer = try await WireSnapshots.Client(wrapping: self.grpc).prepare(
                    request, metadata: Self.metadata(lease), options: Self.options(Self.listingTime))
                return SnapshotMounts(mounts: answer.mounts)
            }
        }
    }

    /// Unpacks a layer that the namespace holds.
    /// - Returns: the digest of the layer as it is without compression.
    public func apply(
        _ layer: Descriptor, onto mounts: SnapshotMounts, under lease: RuntimeLease
    ) async throws(ContainerdError) -> Digest {
        var request = WireApplyRequest()
        request.diff = WireDescriptor(layer)
        request.mounts = mounts.mounts
        let answer = try await call("unpacking layer \(layer.digest)") { [request] in
            try await WireDiff.Client(wrapping: self.grpc).apply(
                request, metadata: Self.metadata(lease), options: Self.options(Self.applyTime))
        }
        return try .named(answer.applied.digest)
    }

    /// Makes of a filled snapshot what it was to be. That somebody else was faster is as good.
    public func commitSnapshot(
        _ key: String, as name: Digest, of snapshotter: String, under lease: RuntimeLease
    ) async throws(ContainerdError) {
        var request = WireCommitSnapshotRequest()
        request.snapshotter = snapshotter
        request.name = name.description
        request.key = key
        request.labels = ["containerd.io/snapshot.ref": name.description]
        let isCommitted = try await unlessThere { () async throws(ContainerdError) in
            try await call("snapshot \(name)") { [request] in
                _ = try await WireSnapshots.Client(wrapping: self.grpc).commit(
                    request, metadata: Self.metadata(lease), options: Self.options(Self.listingTime))
                return true
            }
        }
        guard isCommitted == nil else { return }
        var removal = WireRemoveSnapshotRequest()
        removal.snapshotter = snapshotter
        removal.key = key
        _ = try await found { () async throws(ContainerdError) in
            try await call("the removal of a snapshot") { [removal] in
                try await WireSnapshots.Client(wrapping: self.grpc).remove(
                    removal, metadata: Self.metadata(lease), options: Self.options(Self.listingTime))
            }
        }
    }

    /// Makes an absence of a refusal because of what is there already.
    func unlessThere<Result>(
        _ body: () async throws(ContainerdError) -> Result
    ) async throws(ContainerdError) -> Result? {
        do throws(ContainerdError) {
            return try await body()
        } catch {
            guard error.code == .alreadyThere else { throw error }
            return nil
        }
    }
}

extension WireDescriptor {
    init(_ descriptor: Descriptor) {
        self.init()
        mediaType = descriptor.mediaType.rawValue
        digest = descriptor.digest.description
        size = descriptor.size
    }
}
