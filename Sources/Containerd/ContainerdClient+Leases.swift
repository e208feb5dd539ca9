internal import GRPCCore
public import OCI

extension ContainerdClient {
    /// What deleting a lease may take where a garbage collection is waited for: less than a shutdown of the agent. After that the lease goes
    /// all the same, and what it has kept with it, when containerd comes to it.
    private static let collectionTime: Duration = .seconds(20)

    /// Makes a lease. What is written and prepared under it stays until it is deleted, or until its time is over.
    /// - Parameter expiry: seconds since 1970: if nobody deletes it.
    public func createLease(_ lease: RuntimeLease, expiry: Int64) async throws(ContainerdError) {
        var request = WireCreateLeaseRequest()
        request.id = lease.id
        request.labels = ["containerd.io/gc.expire": RuntimeLease.timestamp(expiry)]
        _ = try await call("a lease") { [request] in
            try await WireLeases.Client(wrapping: self.grpc).create(
                request, metadata: Self.metadata(lease.namespace), options: Self.options())
        }
    }

    /// Deletes a lease; one that is not there is none to delete.
    /// - Parameter sync: whether what only it has kept is gone when this returns.
    public func deleteLease(_ lease: RuntimeLease, sync: Bool) async throws(ContainerdError) {
        var request = WireDeleteLeaseRequest()
        request.id = lease.id
        request.sync = sync
        _ = try await found { () async throws(ContainerdError) in
            try await call("the end of a lease") { [request] in
                try await WireLeases.Client(wrapping: self.grpc).delete(
                    request, metadata: Self.metadata(lease.namespace),
                    options: Self.options(sync ? Self.collectionTime : Self.limit))
            }
        }
    }

    /// Keeps a blob that is there.
    /// - Returns: nil where the namespace has no such blob.
    public func hold(
        _ digest: Digest, under lease: RuntimeLease
    ) async throws(ContainerdError) -> RuntimeContent? {
        // Kept first, then looked for: a lease may name what is not there.
        try await add("content", digest.description, to: lease)
        return try await content(digest, in: lease.namespace)
    }

    /// Keeps a snapshot that is there.
    /// - Returns: false where there is no such snapshot.
    public func hold(
        snapshot name: Digest, of snapshotter: String, under lease: RuntimeLease
    ) async throws(ContainerdError) -> Bool {
        guard try await hasSnapshot(name, of: snapshotter, in: lease.namespace) else { return false }
        try await add("snapshots/\(snapshotter)", name.description, to: lease)
        // It may have gone in between.
        return try await hasSnapshot(name, of: snapshotter, in: lease.namespace)
    }

    private func add(
        _ type: String, _ id: String, to lease: RuntimeLease
    ) async throws(ContainerdError) {
        var request = WireAddResourceRequest()
        request.id = lease.id
        request.resource.id = id
        request.resource.type = type
        _ = try await call("a lease of \(id)") { [request] in
            try await WireLeases.Client(wrapping: self.grpc).addResource(
                request, metadata: Self.metadata(lease.namespace), options: Self.options())
        }
    }

    static func metadata(_ lease: RuntimeLease) -> Metadata {
        ["containerd-namespace": "\(lease.namespace)", "containerd-lease": "\(lease.id)"]
    }
}
