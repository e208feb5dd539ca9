import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import OCI
import SystemPackage

/// Jobs that the agent does while somebody watches: a line of JSON for each thing that happens.
extension AdminClient {
    /// Of one line. A pull may name thousands of blobs in it.
    private static let lineLimit = 1 << 20

    /// Begins a job, and watches it. Cancelling the task, or ending the process, ends the job.
    /// - Parameters:
    ///   - what: the job, for messages: `the verification`.
    ///   - mayBeSilent: whether nothing may happen for as long as it will.
    ///   - body: what the job works on, sent while its events come. It is not sent further once the last has come.
    ///   - tell: told each line as it comes.
    ///   - isLast: whether nothing comes after a line.
    func watch<Event: Decodable & Sendable>(
        _ what: String, _ target: String, method: HTTPMethod = .POST, mayBeSilent: Bool = false,
        sending body: ArchiveSource? = nil,
        tell: (Answer<Event>) async throws -> Void, isLast: (Event) -> Bool
    ) async throws(AdminClientError) {
        try await reach { socket in
            let connection = try await AdminConnection.open(to: socket)
            try await connection.channel.executeThenClose { inbound, outbound in
                let head = HTTPRequestHead(
                    version: .http1_1, method: method, uri: target,
                    headers: AdminConnection.headers(accepting: "application/x-ndjson", body))
                guard let body else {
                    // In one write: the agent may answer a head and close before a second one is made.
                    try await outbound.write(contentsOf: [.head(head), .end(nil)])
                    connection.silence.expectAnswer()
                    return try await Self.follow(
                        what, inbound, connection.silence, mayBeSilent: mayBeSilent, tell, isLast)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let upload = Upload(head: head, body: body, connection: connection, outbound: outbound)
                    group.addTask { await upload.run() }
                    defer { group.cancelAll() }
                    do {
                        try await Self.follow(what, inbound, connection.silence, tell, isLast)
                    } catch {
                        // Where the archive could not be read that is the reason, and what the agent says of it is not.
                        throw upload.failure ?? error
                    }
                }
            }
        }
    }

    /// Reads the answer to its last line.
    private static func follow<Event: Decodable & Sendable>(
        _ what: String, _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>, _ silence: SilenceLimit,
        mayBeSilent: Bool = false, _ tell: (Answer<Event>) async throws -> Void, _ isLast: (Event) -> Bool
    ) async throws {
        var status = 0
        var lines = LineSplitter(limit: lineLimit)
        for try await part in inbound {
            switch part {
            case .head(let head): status = Int(head.status.code)
            case .body(let bytes) where status == 200:
                // Who has begun to tell will go on.
                mayBeSilent ? silence.expectNothing() : silence.expectAnswer()
                for line in try lines.add(bytes.readableBytesView) {
                    let event: Event = try decode(line)
                    try await tell(Answer(value: event, json: line))
                    if isLast(event) { return }
                }
            case .body(let bytes): _ = try lines.add(bytes.readableBytesView)
            case .end where status != 200: throw refusal(status, lines.rest)
            case .end: break
            }
        }
        throw AdminClientError(.broken, "the agent broke \(what) off; its log may say why")
    }

    private static func decode<Event: Decodable>(_ line: [UInt8]) throws -> Event {
        do {
            return try JSONDecoder().decode(Event.self, from: Data(line))
        } catch {
            throw AdminClientError(
                .broken, "the agent's answer is not understood; are the agent and this command of one version?",
                cause: error)
        }
    }
}

/// Cuts bytes into lines as they come.
struct LineSplitter {
    /// How many bytes a line may have.
    let limit: Int
    /// What has come of a line that has not ended.
    private(set) var rest: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: The lines that have ended, without line feeds.
    mutating func add(_ bytes: some Collection<UInt8>) throws(AdminClientError) -> [[UInt8]] {
        rest += bytes
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        rest = lines.removeLast()
        guard rest.count <= limit else {
            throw AdminClientError(.broken, "a line of the agent's answer is longer than \(limit) bytes")
        }
        return lines
    }
}
