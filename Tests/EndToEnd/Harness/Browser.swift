import FoundationEssentials
import Glibc

/// A headless Chromium on a node's machine, with one page, driven over the DevTools protocol: messages of JSON, each ended by
/// a zero byte, through a pair of pipes.
final class Browser {
    /// What the page's console, or the browser on the page's behalf, complained about.
    struct Complaint: CustomStringConvertible {
        let text: String
        /// What it is about; empty where nothing is named.
        let url: String

        var description: String { "\(text) \(url)" }
    }

    private struct Nothing: Codable {}

    private(set) var complaints: [Complaint] = []
    private let folder: TemporaryFolder
    private let process: Child
    private let commands: CInt
    private let answers: CInt
    private var arrived: [UInt8] = []
    private var lastID = 0
    private var session: String?

    init(on node: Node) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        // Open for both directions, so that neither side waits for the other.
        let descriptors = ["commands", "answers"].map { name in
            let pipe = "\(folder.path)/\(name)"
            return mkfifo(pipe, 0o600) == 0 ? open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1
        }
        guard !descriptors.contains(-1) else { throw HarnessError("cannot make the browser's pipes") }
        (commands, answers) = (descriptors[0], descriptors[1])
        process = try node.lan.start(
            [
                "sh", "-c", #"exec "$@" 3<"$0/commands" 4>"$0/answers""#, folder.path, "chromium", "--headless=new",
                "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--user-data-dir=\(folder.path)/profile", "--remote-debugging-pipe", "about:blank",
            ], on: node.machine, log: node.folder + "/browser.log")
    }

    deinit {
        close(commands)
        close(answers)
    }

    // MARK: What a test does with it

    /// Opens a page, which comes to be there in its own time. The script runs before any of the page's own.
    func visit(_ url: String, script: String) async throws {
        struct Script: Encodable { let source: String }
        struct Target: Encodable { let url: String }
        struct Created: Decodable { let targetId: String }
        struct Attachment: Encodable {
            let targetId: String
            let flatten = true
        }
        struct Attached: Decodable { let sessionId: String }
        let target: Created = try await call("Target.createTarget", Target(url: "about:blank"))
        let attached: Attached = try await call("Target.attachToTarget", Attachment(targetId: target.targetId))
        session = attached.sessionId
        for domain in ["Page", "Runtime", "Log"] { let _: Nothing = try await call("\(domain).enable", Nothing()) }
        let _: Nothing = try await call("Page.addScriptToEvaluateOnNewDocument", Script(source: script))
        let _: Nothing = try await call("Page.navigate", Target(url: url))
    }

    func text(_ expression: String) async throws -> String { try await value(expression) }

    func count(_ expression: String) async throws -> Int { try await value(expression) }

    /// The value of an expression in the page.
    private func value<Value: Decodable>(_ expression: String) async throws -> Value {
        let answer: Evaluated<Value> = try await call("Runtime.evaluate", Expression(expression: expression))
        return answer.result.value
    }

    private struct Expression: Encodable {
        let expression: String
        let returnByValue = true
    }

    private struct Evaluated<Value: Decodable>: Decodable {
        struct Result: Decodable { let value: Value }
        let result: Result
    }

    /// Makes the window so wide and high, in pixels, and the system's scheme light or dark.
    func resize(_ width: Int, _ height: Int, scheme: String) async throws {
        struct Metrics: Encodable {
            let width: Int
            let height: Int
            let deviceScaleFactor = 1
            let mobile = false
        }
        struct Media: Encodable {
            struct Feature: Encodable {
                let name = "prefers-color-scheme"
                let value: String
            }
            let features: [Feature]
        }
        let _: Nothing = try await call("Emulation.setDeviceMetricsOverride", Metrics(width: width, height: height))
        let _: Nothing = try await call("Emulation.setEmulatedMedia", Media(features: [.init(value: scheme)]))
    }

    /// What the window shows, as PNG.
    func screenshot() async throws -> [UInt8] {
        struct Format: Encodable { let format = "png" }
        struct Picture: Decodable { let data: Data }
        let picture: Picture = try await call("Page.captureScreenshot", Format())
        return [UInt8](picture.data)
    }

    // MARK: The protocol

    private struct Request<Parameters: Encodable>: Encodable {
        let id: Int
        let method: String
        let params: Parameters
        let sessionId: String?
    }

    private struct Answer<Content: Decodable>: Decodable {
        struct Failure: Decodable { let message: String }
        let result: Content?
        let error: Failure?
    }

    private func call<Parameters: Encodable, Result: Decodable>(
        _ method: String, _ parameters: Parameters
    ) async throws -> Result {
        lastID += 1
        try send(JSONEncoder().encode(Request(id: lastID, method: method, params: parameters, sessionId: session)))
        while true {
            let bytes = try await message(method)
            guard try kind(bytes).id == lastID else {
                listen(bytes)
                continue
            }
            let answer = try JSONDecoder().decode(Answer<Result>.self, from: bytes)
            guard let result = answer.result else {
                throw HarnessError("the browser did not do \(method): \(answer.error?.message ?? "no reason")")
            }
            return result
        }
    }

    private struct Kind: Decodable {
        let id: Int?
        let method: String?
    }

    private func kind(_ bytes: Data) throws -> Kind { try JSONDecoder().decode(Kind.self, from: bytes) }

    private func send(_ bytes: Data) throws {
        let message = [UInt8](bytes) + [0]
        guard write(commands, message, message.count) == message.count else {
            throw HarnessError("the browser does not read")
        }
    }

    /// The next message, of any kind.
    private func message(_ what: String) async throws -> Data {
        var end: Int?
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        try await eventually("the browser answers \(what)", within: .seconds(60)) {
            guard process.isRunning else { throw HarnessError("the browser has ended: see its log") }
            // What was looked at before is looked at again only where little has come.
            while true {
                let count = read(answers, &buffer, buffer.count)
                guard count > 0 else { break }
                arrived += buffer[..<count]
            }
            end = arrived.firstIndex(of: 0)
            return end != nil
        }
        let bytes = Data(arrived[..<(end ?? 0)])
        arrived.removeFirst((end ?? 0) + 1)
        return bytes
    }

    /// Notes what an event complains about.
    private func listen(_ bytes: Data) {
        struct Entry: Decodable {
            struct Parameters: Decodable {
                struct Logged: Decodable {
                    let level: String
                    let text: String
                    let url: String?
                }
                let entry: Logged
            }
            let params: Parameters
        }
        guard let method = try? kind(bytes).method else { return }
        switch method {
        case "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
            complaints.append(Complaint(text: String(decoding: bytes.prefix(600), as: UTF8.self), url: ""))
        case "Log.entryAdded":
            guard let entry = try? JSONDecoder().decode(Entry.self, from: bytes).params.entry else { return }
            if ["error", "warning"].contains(entry.level) {
                complaints.append(Complaint(text: entry.text, url: entry.url ?? ""))
            }
        default: break
        }
    }
}
