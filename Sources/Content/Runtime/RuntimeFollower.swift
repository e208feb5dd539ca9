import Logging
import OCI
import Synchronization
import SystemPackage

/// Follows one connected runtime until it is gone, and tells the store what it holds. The shell around ``LookSchedule``.
final class RuntimeFollower: Sendable {
    typealias Instant = ContinuousClock.Instant

    private let store: ContainerdStore
    private let service: any RuntimeService
    private let socket: FilePath
    private let began: @Sendable () -> Void
    private let schedule = Mutex(LookSchedule(at: .now))
    private let bell = Bell()

    /// - Parameter began: called when everything has been looked at for the first time.
    init(
        store: ContainerdStore, service: any RuntimeService, socket: FilePath, began: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.service = service
        self.socket = socket
        self.began = began
    }

    private var logger: Logger { store.logger }

    /// Follows.
    /// - Throws: What says that the runtime is gone; `CancellationError`.
    func follow() async throws {
        let version = try await service.version()
        let folder = try await contentFolder()
        let files = folder.map(ContentFiles.init)
        // Whatever happens while everything is looked at is looked at afterwards.
        let events = try await service.events(in: store.settings.namespaces)
        let watch = await watch(files)
        schedule.withLock { $0.isWatched = watch != nil }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await event in events { self.note { $0.heard(event, at: .now) } }
                throw ContentError(.io, "containerd at \(self.socket) has closed the stream of its events")
            }
            if let watch { group.addTask { await self.follow(watch) } }
            group.addTask { try await self.look(files, version) }
            defer { group.cancelAll() }
            while try await group.next() != nil {}
        }
    }

    private func contentFolder() async throws -> FilePath? {
        if let root = store.settings.root { return root.appending(ContentFiles.plugin) }
        return try await service.contentRoot()
    }

    private func note(_ body: (inout LookSchedule) -> Void) {
        schedule.withLock { body(&$0) }
        bell.ring()
    }

    // MARK: Files

    /// Nil where the folders cannot be watched.
    private func watch(_ files: ContentFiles?) async -> ContentWatch? {
        guard let files, files.objection == nil else { return nil }
        do {
            return try ContentWatch(files)
        } catch {
            warnOfWatch(error)
            return nil
        }
    }

    private func follow(_ watch: ContentWatch) async {
        do {
            try await watch.run { notice in
                self.note { schedule in
                    switch notice {
                    case .appeared(let digest): schedule.expect(digest, isThere: true, at: .now)
                    case .vanished(let digest): schedule.expect(digest, isThere: false, at: .now)
                    case .lostTrack: schedule.lostTrack(at: .now)
                    }
                }
            }
        } catch {
            if !Task.isCancelled { warnOfWatch(error) }
        }
        note { $0.isWatched = false }
    }

    private func warnOfWatch(_ error: any Error) {
        logger.warning(
            "containerd's folders cannot be watched; what it takes in is noticed some seconds later",
            metadata: ["reason": "\(error)"])
    }

    // MARK: Looks

    private func look(_ files: ContentFiles?, _ version: String) async throws {
        var hasBegun = false
        while true {
            try Task.checkCancellation()
            let start = Instant.now
            guard let look = schedule.withLock({ $0.take(at: start) }) else {
                await bell.wait(until: schedule.withLock { $0.due })
                continue
            }
            var update = try await found(by: look)
            let access = await examine(&update, in: files, look.isWhole)
            if look.isWhole {
                let connection = RuntimeConnection(files: access == .readable ? files : nil, service: service)
                store.connection.withLock { $0 = connection }
            }
            apply(update)
            if look.isWhole { note(access, files, version) }
            let isThere = store.read { state in { state.blobs[$0] != nil } }
            schedule.withLock { $0.looked(at: look, took: start.duration(to: .now), now: .now, isThere: isThere) }
            if !hasBegun {
                hasBegun = true
                began()
                logger.info("containerd is followed", metadata: ["state": "\(store.state)"])
            }
        }
    }

    private func apply(_ update: RuntimeUpdate) {
        let news = store.change { $0.apply(update, isDoubtful: self.store.isDoubtful) }
        for (digest, damage) in news.damaged { store.found(damage, of: digest) }
        guard !news.released.isEmpty else { return }
        schedule.withLock { schedule in
            for digest in news.released { schedule.expect(digest, isThere: false, at: .now) }
        }
    }

    private func found(by look: LookSchedule.Look) async throws -> RuntimeUpdate {
        let asker = RuntimeAsker(service: service, namespaces: store.settings.namespaces)
        if look.isWhole { return try await asker.everything() }
        let known = store.read { Set($0.namespaces.keys) }
        return try await asker.some(look, in: known)
    }

    /// Looks at the files of what was found. Only a look at everything can tell whether files are of use at all.
    private func examine(
        _ update: inout RuntimeUpdate, in files: ContentFiles?, _ isWhole: Bool
    ) async -> ContainerdState.FileAccess {
        let digests = update.digests
        var access = ContainerdState.FileAccess.unreadable(
            reason: "containerd does not tell where its files are; set runtime.containerd.root")
        if let files {
            let (found, objection) = await BlockingWork.look(files, digests)
            let isUsable = isWhole ? objection == nil : store.connection.withLock { $0.files != nil }
            access = isUsable ? .readable : .unreadable(reason: objection ?? "")
            update.files = found
        }
        if access != .readable { update.files = Dictionary(uniqueKeysWithValues: digests.map { ($0, .unknown) }) }
        return access
    }

    /// Notes what is followed, now that it is known, and how blobs are read.
    private func note(_ access: ContainerdState.FileAccess, _ files: ContentFiles?, _ version: String) {
        let before = store.standing.withLock { standing in
            defer {
                standing = .following(
                    .init(version: version, socket: socket, contentRoot: files?.folder, files: access))
            }
            return standing
        }
        guard case .unreadable(let reason) = access else { return }
        if case .following(let following) = before, following.files == access { return }
        logger.warning(
            "containerd's files cannot be read; its content is read through containerd, which is slower",
            metadata: ["reason": "\(reason)"])
    }
}
