import FoundationEssentials
import Synchronization

/// A docker-registry whose storage is the test's own, so that each trial has an image that nobody had before.
final class FaultRegistry: Sendable {
    let machine: Machine
    let storage: String
    private let lan: LAN
    private let process = Mutex<Child?>(nil)
    private let count = Mutex(0)

    init(_ lan: LAN) async throws {
        self.lan = lan
        machine = try await lan.machine("registry", "10.77.0.2")
        storage = lan.folder.path + "/storage"
        try FileManager.default.createDirectory(atPath: storage, withIntermediateDirectories: true)
        try await start()
    }

    func start() async throws {
        let base = lan.folder.path + "/registry"
        let settings = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(storage)}}
            http: {addr: ":80"}

            """
        try Data(settings.utf8).write(to: URL(filePath: base + ".yml"))
        let child = try lan.start(["docker-registry", "serve", base + ".yml"], on: machine, log: base + ".log")
        process.withLock { $0 = child }
        try await eventually("docker-registry answers", within: .seconds(30)) {
            try await Command(machine.command(["curl", "--silent", "--output", "/dev/null", "http://127.0.0.1/v2/"]))
                .result().succeeded
        }
    }

    func kill() async throws { try await process.withLock { $0 }?.destroy() }

    /// An image that nobody had before.
    func image(_ layerBytes: [Int], _ dice: inout SplitMix) throws -> FaultImage {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let image = FaultImage("faults/t\(number)", layerBytes: layerBytes, seed: dice.next())
        try image.write(to: storage)
        return image
    }

    func forget(_ image: FaultImage) { image.remove(from: storage) }
}

extension Node {
    func client(_ registry: String = "registry.test") -> RuntimeClient {
        RuntimeClient(machine: name, registry: registry)
    }

    /// Whether this node has heard that another holds a blob. Over the admin socket: a process a question would be too dear here.
    func knows(_ digest: String, on other: Node) async throws -> Bool {
        let socket = folder + "/shoal.sock"
        let text = try await NamespaceThread.run(on: nil) {
            let wire = try Wire(unix: socket)
            try wire.write(
                "GET /api/v1/locate?q=\(digest) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            guard let head = try wire.readHead(within: .seconds(20)) else { return "" }
            guard MessageHead(head).status == 200 else { return "" }
            var body: [UInt8] = []
            while case let bytes = try wire.read(within: .seconds(20)), !bytes.isEmpty { body += bytes }
            return String(decoding: body, as: UTF8.self)
        }
        return text.contains("\"\(other.name)\"")
    }

    /// Pulls an image until it comes, as a runtime does that tries again, and notes how long that took.
    func recovers(
        _ image: FaultImage, from registry: String = "registry.test", _ trial: inout Trial,
        within limit: Duration = .seconds(90)
    ) async {
        let start = ContinuousClock.now
        while trial.healthy == nil, .now - start < limit {
            let outcome = await client(registry).pull(image)
            trial.outcome.wrong += outcome.wrong
            if outcome.isComplete {
                trial.healthy = .now - start
            } else {
                trial.retries += 1
                trial.outcome.problems += outcome.problems.suffix(2)
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
