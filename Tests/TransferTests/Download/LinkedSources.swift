import Content
import Discovery
import Integrity
import NIOCore
import OCI
import Synchronization

@testable import Transfer

/// Some nodes that download one blob, each with a download of its own, and an upstream: a LAN without a network.
final class LinkedNodes: Sendable {
    private struct State {
        var downloads: [NodeID: Download] = [:]
        var wanting: Set<NodeID> = []
        var complete: Set<NodeID> = []
        var dead: Set<NodeID> = []
        var blamed: [NodeID: Set<NodeID>] = [:]
        var upstreamBytes = 0
        var peerBytes = 0
        var isUpstreamOn = true
        /// The one that has upstream though the others have not.
        var connected: NodeID?
    }

    let blob: [UInt8]
    let chain: HashChain?
    /// Nodes that damage what they pass on.
    let damaging: Set<NodeID>
    /// Upstream answers every request with the whole blob.
    let ignoresRanges: Bool
    private let state = Mutex(State())

    init(
        _ blob: [UInt8], holders: Set<NodeID> = [], chain: HashChain? = nil, damaging: Set<NodeID> = [],
        isUpstreamOn: Bool = true, ignoresRanges: Bool = false
    ) {
        self.blob = blob
        self.chain = chain
        self.damaging = damaging
        self.ignoresRanges = ignoresRanges
        state.withLock {
            $0.complete = holders
            $0.isUpstreamOn = isUpstreamOn
        }
    }

    var upstreamBytes: Int { state.withLock { $0.upstreamBytes } }
    var peerBytes: Int { state.withLock { $0.peerBytes } }
    var blamed: Set<NodeID> { state.withLock { Set($0.blamed.values.flatMap(\.self)) } }

    func add(_ download: Download, as node: NodeID) {
        state.withLock { $0.downloads[node] = download }
    }

    func done(_ node: NodeID) {
        state.withLock { _ = $0.complete.insert(node) }
    }

    func kill(_ node: NodeID) {
        state.withLock { _ = $0.dead.insert(node) }
    }

    private func live(_ nodes: (State) -> Set<NodeID>, but own: NodeID) -> [NodeID] {
        state.withLock { nodes($0).subtracting($0.dead).subtracting([own]).subtracting($0.blamed[own] ?? []) }.sorted()
    }

    fileprivate func holders(but own: NodeID) -> [NodeID] { live(\.complete, but: own) }
    fileprivate func wanters(but own: NodeID) -> [NodeID] { live(\.wanting, but: own) }

    fileprivate func download(of node: NodeID) -> Download? {
        state.withLock { $0.dead.contains(node) ? nil : $0.downloads[node] }
    }

    fileprivate func isComplete(_ node: NodeID) -> Bool {
        state.withLock { !$0.dead.contains(node) && $0.complete.contains(node) }
    }

    fileprivate func announce(_ node: NodeID, wants: Bool) {
        let others = state.withLock { state in
            if wants { state.wanting.insert(node) } else { state.wanting.remove(node) }
            return state.downloads.filter { $0.key != node }.values
        }
        for other in others { other.evaluate() }
    }

    fileprivate func blame(_ peer: NodeID, by node: NodeID) {
        state.withLock { _ = $0.blamed[node, default: []].insert(peer) }
    }

    /// Only this node has upstream.
    func connect(_ node: NodeID) { state.withLock { $0.connected = node } }

    fileprivate func hasUpstream(_ node: NodeID) -> Bool {
        state.withLock { $0.isUpstreamOn || $0.connected == node }
    }
    fileprivate func sentByUpstream(_ count: Int) { state.withLock { $0.upstreamBytes += count } }
    fileprivate func sentByPeer(_ count: Int) { state.withLock { $0.peerBytes += count } }

    /// What one of the nodes sees of the others.
    struct View: BlobSources {
        let nodes: LinkedNodes
        let own: NodeID

        var hasNeighbours: Bool { true }
        func holders(of digest: Digest) -> [NodeID] { nodes.holders(but: own) }
        func wanters(of digest: Digest) -> [NodeID] { nodes.wanters(but: own) }
        func claimedSize(of digest: Digest) -> Int64? {
            holders(of: digest).isEmpty ? nil : Int64(nodes.blob.count)
        }
        func isUpstreamUsable(for origins: [Origin]) -> Bool { nodes.hasUpstream(own) }
        func askLAN(for digest: Digest) async {}
        func blame(_ finding: BlamedPeers.Finding) { nodes.blame(finding.peer, by: own) }
        func announce(_ digest: Digest, size: Int64?) { nodes.announce(own, wants: true) }
        func withdraw(_ digest: Digest) { nodes.announce(own, wants: false) }

        func report(of digest: Digest, from node: NodeID, since place: PieceLog.Place?) async -> PieceReport? {
            await Task.yield()
            return nodes.download(of: node)?.report(since: place)
        }

        func chain(of digest: Digest, size: Int64, from node: NodeID) async -> HashChain? { nodes.chain }

        func open(
            _ source: DownloadPlan.Source, _ digest: Digest, origins: [Origin], as identity: UpstreamIdentity,
            range: Range<Int64>?, wait: Duration?
        ) async throws(SourceFailure) -> SourceStream {
            let size = Int64(nodes.blob.count)
            let asked = (range ?? 0..<size).clamped(to: 0..<size)
            switch source {
            case .upstream:
                let sent = nodes.ignoresRanges ? 0..<size : asked
                return stream(sent, rangeIgnored: sent != asked) { range in
                    nodes.sentByUpstream(range.count)
                    return Array(nodes.blob[range])
                }
            case .peer(let node):
                if nodes.isComplete(node) { return stream(asked, from: node) { Array(nodes.blob[$0]) } }
                guard let download = nodes.download(of: node) else {
                    throw SourceFailure(ending: .broke("the node is dead"))
                }
                guard let reader = await download.open(asked, wait: wait ?? .zero) else {
                    throw SourceFailure(ending: .lacks("not here", pieces: download.offeredPieces?.text ?? ""))
                }
                return stream(asked, from: node) { range in
                    var bytes: [UInt8] = []
                    while bytes.count < range.count {
                        let offset = Int64(range.lowerBound + bytes.count)
                        let slice = try await reader.next(at: offset, limit: Int64(range.upperBound) - offset)
                        bytes += slice.readNow()
                    }
                    return bytes
                }
            }
        }

        private func stream(
            _ range: Range<Int64>, rangeIgnored: Bool = false, from node: NodeID? = nil,
            _ read: @escaping (Range<Int>) async throws -> [UInt8]
        ) -> SourceStream {
            var position = Int(range.lowerBound)
            let end = Int(range.upperBound)
            return SourceStream(
                offset: range.lowerBound, total: Int64(nodes.blob.count), rangeIgnored: rangeIgnored
            ) { () async throws(SourceFailure) in
                guard position < end else { return nil }
                await Task.yield()
                if let node, !nodes.isComplete(node), nodes.download(of: node) == nil {
                    throw SourceFailure(ending: .broke("the node died"))
                }
                let next = position..<min(end, position + (128 << 10))
                defer { position = next.upperBound }
                do {
                    var bytes = try await read(next)
                    if node != nil { nodes.sentByPeer(bytes.count) }
                    if let node, nodes.damaging.contains(node) { bytes[0] ^= 1 }
                    return ByteBuffer(bytes: bytes)
                } catch {
                    throw SourceFailure(ending: .broke("\(error)"))
                }
            }
        }
    }
}
