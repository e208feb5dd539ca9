internal import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OCI
import Synchronization

/// Questions to a registry, and what becomes of them.
extension UpstreamClient {
    /// What is asked.
    struct Question: Sendable {
        var method: HTTPMethod = .GET
        var origin: Origin
        /// Behind `/v2/<name>/`; of parsed values.
        var path: String
        var query: [(name: String, value: String)] = []
        var headers = HTTPHeaders()
        var purpose = UpstreamTransport.Purpose.question
        /// As whom.
        var identity = UpstreamIdentity.node
    }

    struct Answer: Sendable {
        var response: UpstreamTransport.Response
        /// It was had without credentials, this node's or a client's.
        var anonymous: Bool
        /// Held until the body is read or let go.
        var slot: RequestSlots.Slot?
        /// When all of it is to be there.
        var end: ContinuousClock.Instant?

        var status: Int { response.status }
        func header(_ name: String) -> String? { response.header(name) }
        var contentLength: Int64? { header("Content-Length").flatMap { Int64($0) } }
        var isEncoded: Bool {
            header("Content-Encoding").map { !$0.isEmpty && $0.lowercased() != "identity" } ?? false
        }
    }

    /// How long a blob, and a question, waits for a slot before it goes beyond them.
    private static let blobQueue: Duration = .seconds(2)
    private static let questionQueue: Duration = .milliseconds(500)

    /// Sends a question once, with the authorisation that upstream asks for.
    ///
    /// The time that it waits for others to be answered is not upstream's, and is added to `end`.
    /// - Returns: an answer of 200, or of 206 where a range was asked for.
    func ask(_ question: Question, by end: ContinuousClock.Instant) async throws(UpstreamError) -> Answer {
        let registry = question.origin.registry
        let endpoint = try Endpoint(registry, configuration.registries[registry])
        let unreachable = UpstreamError(
            code: .unreachable, message: "\(registry) could not be reached a moment ago", registry: registry)
        guard !isKnownUnreachable(registry) else { throw unreachable }
        let queued = ContinuousClock.now
        let slot: RequestSlots.Slot
        do throws(ExchangeError) {
            slot = try await self.slot(for: question, by: end)
        } catch {
            throw error.explained(question)
        }
        let end = end.advanced(by: queued.duration(to: .now))
        guard reachability.withLock({ $0.admit(registry, now: .now) }) else { throw unreachable }
        do throws(ExchangeError) {
            var answer = try await authorised(question, endpoint, by: end)
            answer.slot = slot
            answer.end = end
            reachability.withLock { $0.answered(registry, now: .now) }
            if answer.status == 200 || (answer.status == 206 && question.headers.contains(name: "Range")) {
                return answer
            }
            await transport.discard(answer.response, by: end)
            throw ExchangeError.refused(answer.response)
        } catch {
            note(error, of: registry)
            throw error.explained(question)
        }
    }

    /// Waits shortly for its turn, and goes beyond the slots then: others may have a thin line full for an hour, and while a request waits
    /// nobody else is asked for what it is to bring.
    private func slot(
        for question: Question, by end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> RequestSlots.Slot {
        let (registry, purpose) = (question.origin.registry, question.purpose)
        let short = purpose == .blob ? Self.blobQueue : Self.questionQueue
        if let slot = try await slot(registry, purpose, within: short) { return slot }
        if let beyond = transport.slots.acquireBeyond(registry, purpose) { return beyond }
        if purpose == .question {
            // Where too many are beyond already it waits for as long as the answer may take.
            let rest = ContinuousClock.now.duration(to: end)
            if let slot = try await slot(registry, purpose, within: rest) { return slot }
        }
        throw .transport(TransportFailure(.crowded, "no connection to it became free in time"))
    }

    /// Nil where none became free in time.
    private func slot(
        _ registry: RegistryName, _ purpose: UpstreamTransport.Purpose, within time: Duration
    ) async throws(ExchangeError) -> RequestSlots.Slot? {
        do {
            let slot = try await withDeadline(.now.advanced(by: time)) { [transport] in
                await transport.slots.acquire(registry, purpose)
            }
            if let slot { return slot }
        } catch is DeadlineError {
            return nil
        } catch {}
        throw .transport(TransportFailure(.cancelled, "the request was cancelled"))
    }

    /// What an error says about whether the registry is there.
    private func note(_ error: ExchangeError, of registry: RegistryName) {
        let now = ContinuousClock.now
        reachability.withLock { reachability in
            switch error.presence {
            case .present: reachability.answered(registry, now: now)
            case .away: reachability.failed(registry, now: now)
            case .late: reachability.wasLate(registry, now: now)
            case .unknown: reachability.gaveUp(registry)
            }
        }
    }

    // MARK: Small answers

    /// Runs an exchange, and runs it again where upstream is busy or breaks off, as long as there is time.
    func patiently<Value>(
        by end: ContinuousClock.Instant, _ exchange: () async throws(UpstreamError) -> Value
    ) async throws(UpstreamError) -> Value {
        var attempt = 0
        while true {
            attempt += 1
            do throws(UpstreamError) {
                return try await exchange()
            } catch {
                guard error.isTransient,
                    let wait = retries.wait(
                        attempt: attempt, retryAfter: error.retryAfter,
                        remaining: ContinuousClock.now.duration(to: end), jitter: .random(in: 0..<1)),
                    (try? await Task.sleep(for: wait)) != nil
                else { throw error }
            }
        }
    }

    /// Asks for something small, and reads it whole.
    func collect(_ question: Question, deadline: Duration) async throws(UpstreamError) -> (
        answer: Answer, bytes: [UInt8]
    ) {
        let end = ContinuousClock.now.advanced(by: deadline)
        return try await patiently(by: end) { () async throws(UpstreamError) in
            let answer = try await self.ask(question, by: end)
            func broken(_ why: String, isTransient: Bool) -> UpstreamError {
                var error = UpstreamError(
                    code: .broken, message: "\(question.origin)/\(question.path): upstream \(why)",
                    registry: question.origin.registry)
                error.isTransient = isTransient
                return error
            }
            guard !answer.isEncoded else { throw broken("encoded the answer's bytes", isTransient: false) }
            do {
                let limit = ManifestDocument.maximumSize
                let body = try await withDeadline(answer.end ?? end) {
                    try await answer.response.head.body.collect(upTo: limit)
                }
                return (answer, Array(body.readableBytesView))
            } catch is NIOTooManyBytesError {
                throw broken("answered more than the 4 MiB that such an answer may have", isTransient: false)
            } catch is DeadlineError {
                throw broken("did not send the whole answer in time", isTransient: false)
            } catch {
                throw broken("broke the answer off: \(TransportFailure(error).reason)", isTransient: true)
            }
        }
    }
}
