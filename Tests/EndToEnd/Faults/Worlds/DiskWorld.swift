import FoundationEssentials
import Glibc
import Testing

/// A node whose disk is small, and can be taken from it.
struct DiskWorld: Sendable {
    let lan: LAN
    let registry: FaultRegistry
    let node: Node
    let disk: String
    /// Pushed before anything went wrong.
    let kept: FaultImage

    private static let megabytes = 96

    static func with(_ test: (DiskWorld) async throws -> Void) async throws {
        try await LAN.with { lan in
            let registry = try await FaultRegistry(lan)
            let disk = lan.folder.path + "/disk"
            try await lan.mountTmpfs(at: disk, megabytes: megabytes)
            var configuration = AgentConfiguration()
            configuration.dataDirectory = disk + "/data"
            configuration.tables = "[limits]\nupstream_rate = \"80MB/s\"\n"
            let node = try await lan.node(configuration)
            let kept = FaultImage("team/kept", layerBytes: [100_000, 2_000], seed: 1)
            let pushed = await node.pusher.push(kept, inParts: false)
            try #require(pushed.isWhole(kept), "\(pushed.problems)")
            try await test(DiskWorld(lan: lan, registry: registry, node: node, disk: disk, kept: kept))
        }
    }

    enum Harm: Sendable {
        /// So many bytes are left.
        case full(leaving: Int)
        /// So many files may still be made.
        case noFiles(leaving: Int)
        /// Nothing can be opened for writing any more: another mount of the same disk is above it.
        case readOnly(String)
    }

    func strike(_ harm: Harm) async throws {
        switch harm {
        case .full(let leaving):
            let file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            let size = try facts().free - leaving
            guard size > 0 else { return }
            // Somebody else may take space meanwhile: then less is taken here.
            for part in [size, size - (1 << 20), size - (4 << 20)] where part > 0 {
                if posix_fallocate(file, 0, part) == 0 { return }
            }
        case .noFiles(let leaving):
            let used = try facts().files
            try await Command(["mount", "-o", "remount,nr_inodes=\(used + leaving)", disk]).run()
        case .readOnly(let folder):
            let path = disk + "/" + folder
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            // Who has opened a file for writing by the new mount already keeps it writable: then once more, with another.
            for tries in (0..<50).reversed() {
                try await Command(["mount", "--bind", path, path]).run()
                let change = Command(["mount", "-o", "remount,bind,ro", path])
                if tries == 0 {
                    try await change.run()
                    return
                }
                if try await change.result().succeeded { return }
                try await Command(["umount", "--lazy", path]).run()
            }
        }
    }

    func heal(_ harm: Harm) async throws {
        switch harm {
        case .full: try? FileManager.default.removeItem(atPath: filler)
        case .noFiles: try await Command(["mount", "-o", "remount,nr_inodes=100000", disk]).run()
        case .readOnly(let folder): try await Command(["umount", "--lazy", disk + "/" + folder]).run()
        }
    }

    private var filler: String { disk + "/filler" }

    /// Bytes that are free, and files that there are.
    private func facts() throws -> (free: Int, files: Int) {
        var facts = statvfs()
        guard statvfs(disk, &facts) == 0 else { throw HarnessError("cannot look at \(disk)") }
        return (Int(facts.f_bavail) * Int(facts.f_frsize), Int(facts.f_files - facts.f_ffree))
    }

    /// What is promised of the disk whatever befell it: what was pushed is there, and nothing there is wrong.
    func look(_ trial: inout Trial) async throws {
        trial.damaged = StoreWalk.walk(node).damaged
        trial.lost += await node.missing(Set(kept.everything.map(\.digest)), of: kept)
        trial.complaints += try await StoreWalk.verify(node)
    }

    /// Pulls while something is wrong with the disk, from some moment on.
    func pull(_ harm: Harm, after delay: Duration, _ sizes: [Int], _ dice: inout SplitMix) async throws -> Trial {
        let image = try registry.image(sizes, &dice)
        defer { registry.forget(image) }
        var trial = Trial()
        if delay == .zero { try await strike(harm) }
        async let outcome = node.client().pull(image)
        if delay > .zero {
            try await Task.sleep(for: delay)
            try await strike(harm)
        }
        trial.outcome = await outcome
        try await heal(harm)
        await node.recovers(image, &trial)
        try await look(&trial)
        return trial
    }

    /// Pushes while something is wrong with the disk: refused or taken, and never half of each.
    func push(_ harm: Harm, _ sizes: [Int], inParts: Bool, _ dice: inout SplitMix) async throws -> Trial {
        let image = FaultImage("team/t\(dice.next() % 1_000_000_000)", layerBytes: sizes, seed: dice.next())
        var trial = Trial()
        try await strike(harm)
        let first = await node.pusher.push(image, inParts: inParts)
        trial.lost += await node.missing(first.acknowledged, of: image)
        try await heal(harm)
        let start = ContinuousClock.now
        trial.outcome.problems = first.problems
        // What the pulls of other trials have brought gives up its space when the agent has told others of it, seconds later.
        repeat {
            let next = await node.pusher.push(image, inParts: inParts)
            trial.outcome.isComplete = next.isWhole(image)
            trial.outcome.problems += next.problems.prefix(1)
            if next.isWhole(image) { trial.healthy = .now - start } else { trial.retries += 1 }
        } while trial.healthy == nil && .now - start < .seconds(30)
        trial.lost += await node.missing(Set(image.everything.map(\.digest)), of: image)
        try await look(&trial)
        // Its place is wanted by the next trial.
        _ = try await node.shoal("rm", "localhost:5050/\(image.repository):\(FaultImage.tag)")
        _ = try await node.shoal("gc", "--grace", "0")
        return trial
    }

    /// Killed, and started while something is wrong with the disk. It may refuse to start, and then says why; a client goes upstream.
    func restart(_ harm: Harm, _ dice: inout SplitMix) async throws -> Trial {
        let image = try registry.image([3_000_000], &dice)
        defer { registry.forget(image) }
        var trial = Trial()
        try await node.killAgent()
        try await strike(harm)
        try? await node.startAgent()
        trial.outcome = await node.client().pull(image)
        try await heal(harm)
        if try !node.agent.isRunning { try await node.startAgent() }
        await node.recovers(image, &trial)
        try await look(&trial)
        return trial
    }
}
