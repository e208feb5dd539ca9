import Glibc
import Synchronization

/// Stands between an agent and a source, on a machine of the LAN: a request a connection, passed on and answered as the source answers,
/// but for what a ``Misdeed`` is asked for.
final class FaultRelay: Sendable {
    /// Whom a misdeed befalls.
    struct Target: Sendable, Hashable {
        /// What the path of the request has in it: a digest, a tag.
        let part: String
        /// Only requests of a blob's bytes have one.
        var rangesOnly = false
    }

    private struct Rule {
        let target: Target
        let misdeed: Misdeed
        var left: Int
        var struck = 0
        var isOver = false
    }

    private struct State {
        var rules: [Int: Rule] = [:]
        var next = 0
        var listener: CInt?
        var isStopped = false
        var requests = 0
    }

    let machine: String?
    private let address: String
    private let port: UInt16
    private let source: (address: String, port: UInt16)
    private let state = Mutex(State())

    /// - Parameters:
    ///   - machine: whose relay it is; nil for where the test process is.
    ///   - source: as it is reached from that machine.
    init(on machine: String?, at address: String, port: UInt16, source: (address: String, port: UInt16)) async throws {
        self.machine = machine
        self.address = address
        self.port = port
        self.source = source
        try await open()
    }

    /// Requests that came so far.
    var requests: Int { state.withLock { $0.requests } }

    /// Listens, again after ``refuse()``.
    func open() async throws {
        let (address, port) = (address, port)
        let listener = try await NamespaceThread.run(on: machine) { try Wire.listen(at: address, port: port) }
        let isNew = state.withLock { state in
            guard state.listener == nil, !state.isStopped else { return false }
            state.listener = listener
            return true
        }
        guard isNew else {
            close(listener)
            return
        }
        try NamespaceThread.start(on: machine) { self.accept(from: listener) }
    }

    /// From now on nobody listens.
    func refuse() {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        // Wakes the thread that accepts, which closes it.
        if let listener { shutdown(listener, CInt(SHUT_RDWR)) }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            for id in state.rules.keys { state.rules[id]?.isOver = true }
        }
        refuse()
    }

    /// From now on answers about a target are given so, `times` at most.
    /// - Returns: what ``heal(_:)`` takes.
    func commit(_ misdeed: Misdeed, against target: Target, times: Int = .max) -> Int {
        state.withLock { state in
            state.next += 1
            state.rules[state.next] = Rule(target: target, misdeed: misdeed, left: times)
            return state.next
        }
    }

    /// Ends it: what is silent or trickles goes on.
    /// - Returns: how often it struck.
    @discardableResult
    func heal(_ rule: Int) -> Int {
        state.withLock { $0.rules.removeValue(forKey: rule)?.struck ?? 0 }
    }

    func struck(_ rule: Int) -> Int { state.withLock { $0.rules[rule]?.struck ?? 0 } }

    func isHealed(_ rule: Int) -> Bool { state.withLock { $0.rules[rule].map(\.isOver) ?? true } }

    private func rule(for request: MessageHead) -> (id: Int, misdeed: Misdeed)? {
        state.withLock { state in
            state.requests += 1
            for (id, rule) in state.rules where rule.left > 0 && request.target.contains(rule.target.part) {
                guard !rule.target.rangesOnly || request["Range"] != nil else { continue }
                // Nothing comes behind the head of an answer to a HEAD.
                guard request.method != "HEAD" || !rule.misdeed.needsBody else { continue }
                state.rules[id]?.left -= 1
                state.rules[id]?.struck += 1
                return (id, rule.misdeed)
            }
            return nil
        }
    }

    // MARK: Connections

    private func accept(from listener: CInt) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                if errno == ECONNABORTED || errno == EINTR { continue }
                break
            }
            let wire = Wire(descriptor)
            try? NamespaceThread.start(on: machine) { try? self.serve(wire) }
        }
        close(listener)
    }

    private func serve(_ client: Wire) throws {
        guard let text = try client.readHead(within: .seconds(120)) else { return }
        var request = MessageHead(text)
        let rule = rule(for: request)
        if let rule, try Misbehaviour(client, request, rule.misdeed, isHealed: { self.isHealed(rule.id) }).begin() {
            return
        }
        let source = try Wire(to: source.address, port: source.port)
        request["Connection"] = "close"
        if rule?.misdeed.way == .ignoresRange { request["Range"] = nil }
        try source.write(request.text)
        guard let answer = try Self.head(of: source, for: client) else { return }
        var head = MessageHead(answer)
        head["Connection"] = "close"
        if let rule {
            try Misbehaviour(client, request, rule.misdeed, isHealed: { self.isHealed(rule.id) }).answer(head, source)
        } else {
            try client.write(head.text)
            guard request.method != "HEAD" else { return client.finish() }
            try Self.pass(source, to: client, .max)
            client.finish()
        }
    }

    /// The head of the source's answer; nil where the client has gone meanwhile.
    private static func head(of source: Wire, for client: Wire) throws -> String? {
        for _ in 0..<600 {
            if Wire.wait(for: source.descriptor, Int16(POLLIN), within: .milliseconds(200)) {
                return try source.readHead(within: .seconds(120))
            }
            if client.isOver(within: .zero) { return nil }
        }
        return nil
    }

    /// Passes bytes on, `count` at most.
    /// - Returns: how many there were.
    @discardableResult
    static func pass(
        _ source: Wire, to client: Wire, _ count: Int, _ change: (inout [UInt8], Int) -> Void = { _, _ in }
    )
        throws -> Int
    {
        var passed = 0
        while passed < count {
            var bytes = try source.read(atMost: min(64 << 10, count - passed), within: .seconds(120))
            guard !bytes.isEmpty else { break }
            change(&bytes, passed)
            try client.write(bytes)
            passed += bytes.count
        }
        return passed
    }
}
