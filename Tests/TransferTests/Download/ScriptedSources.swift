import Discovery
import Integrity
import NIOCore
import OCI
import Synchronization

@testable import Transfer

/// Sources whose every fault is written down beforehand.
final class ScriptedSources: BlobSources {
    /// How a source behaves, answer after answer; the last line of the script holds for all that follow.
    struct Script: Sendable {
        enum Answer: Sendable {
            /// All that was asked for.
            case whole
            /// The connection breaks after so many bytes.
            case cut(after: Int)
            /// The body ends, as if all was well, after so many bytes.
            case short(Int)
            /// So many bytes more than there are.
            case long(Int)
            /// The same, and then silence.
            case longAndSilent(Int)
            /// The bytes in this range are wrong.
            case wrong(Range<Int>)
            case refuse(DownloadPlan.Ending)
            /// The range is ignored.
            case fromStart
            /// The whole blob is said to have so many bytes.
            case claims(total: Int64)
            /// The body begins elsewhere.
            case shifted(Int64)
        }

        var answers: [Answer]
        var chunk = 64 << 10

        init(_ answers: Answer...) { self.answers = answers.isEmpty ? [.whole] : answers }
    }

    struct Request: Sendable, Equatable {
        var source: DownloadPlan.Source
        var range: Range<Int64>?
    }

    private struct State {
        var peers: [NodeID: Script]
        var upstream: Script?
        var requests: [Request] = []
        var sent: [DownloadPlan.Source: Int] = [:]
        var blamed: [NodeID] = []
        var withdrawn: [Digest] = []
        var lateHolder: NodeID?
    }

    private let blob: [UInt8]
    /// Others that say that they want the blob, and have nothing of it.
    private let wanting: [NodeID]
    private let state: Mutex<State>

    init(
        _ blob: [UInt8], peers: [NodeID: Script] = [:], upstream: Script? = nil, wanting: [NodeID] = []
    ) {
        self.blob = blob
        self.wanting = wanting
        state = Mutex(State(peers: peers, upstream: upstream))
    }

    var requests: [Request] { state.withLock { $0.requests } }
    var blamed: [NodeID] { state.withLock { $0.blamed } }
    var withdrawn: [Digest] { state.withLock { $0.withdrawn } }
    func sent(by source: DownloadPlan.Source) -> Int { state.withLock { $0.sent[source] ?? 0 } }

    func holders(of digest: Digest) -> [NodeID] { state.withLock { $0.peers.keys.sorted() } }
    func isUpstreamUsable(for origins: [Origin]) -> Bool { state.withLock { $0.upstream != nil } }
    func askLAN(for digest: Digest) async {}
    var hasNeighbours: Bool { false }
    func wanters(of digest: Digest) -> [NodeID] { wanting }
    func claimedSize(of digest: Digest) -> Int64? { nil }
    func report(of digest: Digest, from node: NodeID, since place: PieceLog.Place?) async -> PieceReport? { nil }
    func chain(of digest: Digest, size: Int64, from node: NodeID) async -> HashChain? { nil }
    func announce(_ digest: Digest, size: Int64?) {}
    func withdraw(_ digest: Digest) { state.withLock { $0.withdrawn.append(digest) } }

    func blame(_ finding: BlamedPeers.Finding) {
        state.withLock { $0.blamed.append(finding.peer) }
    }

    func open(
        _ source: DownloadPlan.Source, _ digest: Digest, origins: [Origin], as identity: UpstreamIdentity,
        range: Range<Int64>?, wait: Duration?
    ) async throws(SourceFailure) -> SourceStream {
        let (answer, chunk) = state.withLock { state -> (Script.Answer, Int) in
            state.requests.append(Request(source: source, range: range))
            switch source {
            case .peer(let id):
                guard var script = state.peers[id] else { return (.refuse(.refused("gone")), 1) }
                let answer = script.answers.count > 1 ? script.answers.removeFirst() : script.answers[0]
                state.peers[id] = script
                return (answer, script.chunk)
            case .upstream:
                guard var script = state.upstream else { return (.refuse(.refused("none")), 1) }
                let answer = script.answers.count > 1 ? script.answers.removeFirst() : script.answers[0]
                state.upstream = script
                return (answer, script.chunk)
            }
        }
        return try stream(answer, chunk, source, range)
    }

    private func stream(
        _ answer: Script.Answer, _ chunk: Int, _ source: DownloadPlan.Source, _ range: Range<Int64>?
    ) throws(SourceFailure) -> SourceStream {
        var lower = Int(range?.lowerBound ?? 0)
        var upper = min(Int(range?.upperBound ?? .max), blob.count)
        var bytes = blob
        var total = Int64(blob.count)
        var breaks = false
        var ignored = false
        switch answer {
        case .whole: break
        case .cut(let after):
            breaks = lower + after < upper
            upper = min(upper, lower + after)
        case .short(let count): upper = min(upper, lower + count)
        case .long(let extra), .longAndSilent(let extra):
            bytes += [UInt8](repeating: 0, count: extra)
            if upper == blob.count { upper += extra }
        case .wrong(let range):
            for index in range.clamped(to: bytes.indices) { bytes[index] ^= 0xff }
        case .refuse(let ending): throw SourceFailure(ending: ending)
        case .fromStart:
            ignored = range != nil
            (lower, upper) = (0, blob.count)
        case .claims(let claimed): total = claimed
        case .shifted(let by): lower = max(0, lower + Int(by))
        }
        var position = lower
        let end = upper
        let content = bytes
        let doesBreak = breaks
        let isSilent = if case .longAndSilent = answer { true } else { false }
        return SourceStream(offset: Int64(lower), total: total, rangeIgnored: ignored) {
            () async throws(SourceFailure) -> ByteBuffer? in
            guard position < end else {
                if isSilent { try? await Task.sleep(for: .seconds(3600)) }
                if doesBreak { throw SourceFailure(ending: .broke("cut by the script")) }
                return nil
            }
            let next = min(position + chunk, end)
            defer { position = next }
            self.state.withLock { $0.sent[source, default: 0] += next - position }
            return ByteBuffer(bytes: content[position..<next])
        }
    }
}
