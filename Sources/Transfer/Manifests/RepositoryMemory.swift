public import OCI
import Synchronization

/// Which registry a repository was last asked for, so that requests without `ns` find their upstream.
///
/// Lazy snapshotters ask for blobs by repository and digest alone. Bounded: the repositories asked for longest ago go first.
public final class RepositoryMemory: Sendable {
    private struct State {
        var registries: [RepositoryName: (registry: RegistryName, turn: UInt64)] = [:]
        var turn: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    public init(limit: Int = 10_000) {
        self.limit = limit
    }

    public func remember(_ origin: Origin) {
        state.withLock { state in
            state.turn += 1
            state.registries[origin.repository] = (origin.registry, state.turn)
            guard state.registries.count > limit else { return }
            // A tenth at once, so that a full table is not sorted for every newcomer.
            let oldest = state.registries.sorted { $0.value.turn < $1.value.turn }.prefix(max(1, limit / 10))
            for (name, _) in oldest { state.registries[name] = nil }
        }
    }

    public func registry(for name: RepositoryName) -> RegistryName? {
        state.withLock { $0.registries[name]?.registry }
    }
}
