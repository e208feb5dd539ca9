public import OCI
import Synchronization

/// How long blobs are, as the manifests say that name them: known before anybody is asked for the blob. Bounded: what was learnt
/// longest ago goes first.
public final class BlobSizes: Sendable {
    private struct State {
        var newer: [Digest: Int64] = [:]
        var older: [Digest: Int64] = [:]
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: how many are kept at least; at most twice as many.
    public init(limit: Int = 32_768) {
        self.limit = limit
    }

    /// Takes up what a manifest says of its blobs.
    public func learn(_ manifest: ManifestDocument) {
        state.withLock { state in
            for blob in manifest.blobs where DownloadPlan.isPossible(blob.size) {
                if state.newer.count >= limit {
                    state.older = state.newer
                    state.newer = [:]
                }
                state.newer[blob.digest] = blob.size
            }
        }
    }

    public func size(of digest: Digest) -> Int64? {
        state.withLock { $0.newer[digest] ?? $0.older[digest] }
    }
}
