import Glibc
import OCI
import SystemPackage
import Testing

@testable import Content

/// A runtime, a store that follows it, and the folder that both use.
final class RuntimeScene: Sendable {
    let scratch: Scratch
    let runtime: ScriptedRuntime
    let proofs: ProofLedger
    let store: ContainerdStore
    let log = LogRecorder()

    /// - Parameter hasFiles: whether the runtime's files can be found.
    init(
        hasFiles: Bool = true, namespaces: [String] = [], root: FilePath? = nil, window: CrashWindow? = nil
    ) throws {
        scratch = try Scratch()
        let folder = scratch.path.appending("root").appending(ContentFiles.plugin)
        runtime = ScriptedRuntime(files: hasFiles ? ContentFiles(folder: folder) : nil)
        if hasFiles {
            mkdir(scratch.path.appending("root").string, 0o700)
            mkdir(folder.string, 0o700)
        }
        proofs = ProofLedger(path: scratch.path.appending("proofs"), window: window, logger: log.logger)
        store = ContainerdStore(
            settings: ContainerdSettings(address: "/runtime.sock", root: root, namespaces: namespaces), proofs: proofs,
            logger: log.logger, connector: runtime)
    }

    /// Runs `body` while the store follows the runtime.
    func following<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.store.run() }
            try await wait {
                if case .following = self.store.state { true } else { false }
            }
            let value = try await body()
            group.cancelAll()
            return value
        }
    }

    /// Takes content in, and waits until the store has it.
    func add(_ bytes: [UInt8]) async throws -> Digest {
        let digest = try runtime.commit(bytes)
        try await wait { self.store.size(of: digest) != nil }
        return digest
    }

    /// Lets content go, and waits until the store has it no more.
    func remove(_ digest: Digest) async throws {
        runtime.collect(digest)
        try await wait { self.store.size(of: digest) == nil }
    }

    func path(of digest: Digest) throws -> FilePath { try #require(runtime.files).path(of: digest) }

    /// An image: configuration and layers, then the manifest that names them, then the name.
    func image(
        _ name: String, layers: [[UInt8]], in namespace: String = "default", origins: [Origin] = []
    ) async throws -> TestImage {
        let image = try TestImage(name, layers: layers)
        let children = try ([image.config] + image.layers).map {
            try runtime.commit($0, in: namespace, origins: origins)
        }
        try runtime.commit(image.manifest, in: namespace, children: children, origins: origins)
        runtime.tag(name, image.digest, in: namespace)
        return image
    }
}

/// Waits until something is so; the test's time limit is the bound.
func wait(until isSo: @Sendable () -> Bool) async throws {
    while !isSo() {
        try Task.checkCancellation()
        try await Task.sleep(for: .milliseconds(2))
    }
}
