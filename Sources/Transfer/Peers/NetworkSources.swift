internal import AsyncHTTPClient
import Discovery
import Logging
import NIOCore
import NIOPosix
import OCI
import TLS

/// The sources of the real world: the directory's peers over HTTP, and the upstream registries.
final class NetworkSources: BlobSources {
    /// A peer on a LAN has answered by then.
    static let suspicion: Duration = .milliseconds(30)

    let directory: Directory
    private let questions: Questions
    let wants: Wants
    let peers: PeerClient
    private let upstream: UpstreamClient
    let logger: Logger
    let blamed: BlamedPeers

    init(
        directory: Directory, questions: Questions, wants: Wants, peers: PeerClient, upstream: UpstreamClient,
        blamed: BlamedPeers, logger: Logger
    ) {
        self.directory = directory
        self.questions = questions
        self.wants = wants
        self.peers = peers
        self.upstream = upstream
        self.blamed = blamed
        self.logger = logger
    }

    func holders(of digest: Digest) -> [NodeID] {
        let holders = directory.holders(of: digest)
        guard !holders.isEmpty else { return [] }
        let now = ContinuousClock.now
        let trusted = holders.filter { !blamed.contains($0.peer.id, digest, now: now) }.shuffled()
        // Who has hashed the blob comes before who has not.
        return (trusted.filter(\.isProven) + trusted.filter { !$0.isProven }).map(\.peer.id)
    }

    func isUpstreamUsable(for origins: [Origin]) -> Bool {
        origins.contains { !upstream.isKnownUnreachable($0.registry) }
    }

    func askLAN(for digest: Digest) async {
        _ = await questions.whoHas(digest, wait: .milliseconds(200))
    }

    func blame(_ finding: BlamedPeers.Finding) {
        blamed.insert(finding, now: .now)
        var metadata: Logger.Metadata = ["peer": "\(finding.peer)", "digest": "\(finding.digest)"]
        if let piece = finding.piece { metadata["piece"] = "\(piece)" }
        logger.warning(
            finding.isConvicted ? "a peer sent wrong bytes" : "a peer may have sent wrong bytes", metadata: metadata)
    }

    func open(
        _ source: DownloadPlan.Source, _ digest: Digest, origins: [Origin], as identity: UpstreamIdentity,
        range: Range<Int64>?, wait: Duration?
    ) async throws(SourceFailure) -> SourceStream {
        switch source {
        case .peer(let id): try await openPeer(id, digest, range, wait)
        case .upstream: try await openUpstream(digest, origins, identity, range)
        }
    }

    func executor(for source: DownloadPlan.Source) -> (any TaskExecutor)? {
        // Upstream's line is the slower one, and to open it files may have to be read.
        source == .upstream ? nil : peers.executor()
    }

    // MARK: Peers

    private func openPeer(
        _ id: NodeID, _ digest: Digest, _ range: Range<Int64>?, _ wait: Duration?
    ) async throws(SourceFailure) -> SourceStream {
        guard let peer = directory.peer(id) else {
            throw SourceFailure(ending: .refused("peer \(id) has gone"), reason: .gone)
        }
        let result = await withTaskGroup(of: Result<Opened, SourceFailure>?.self) { group in
            group.addTask { await self.openBest(of: peer, digest, range, wait) }
            group.addTask { [directory] in
                // Who waits for what is on its way there says nothing meanwhile.
                guard wait ?? .zero == .zero, (try? await Task.sleep(for: Self.suspicion)) != nil else { return nil }
                directory.doubt(holdersOf: digest)
                return nil
            }
            for await result in group {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            return .failure(SourceFailure(ending: .refused("peer \(peer.name) was not asked")))
        }
        let opened = try result.get()
        return stream(opened.blob, peer: peer, address: opened.address, inSwarm: wait != nil)
    }

    private struct Opened: Sendable {
        var blob: PeerBlob
        var address: PeerAddress
    }

    /// Tries the peer's addresses, best first, for as long as a pull may wait for a peer that is dead.
    private func openBest(
        of peer: Peer, _ digest: Digest, _ range: Range<Int64>?, _ wait: Duration?
    ) async -> Result<Opened, SourceFailure> {
        var trials = AddressTrials(peer.addresses, began: .now)
        var last = SourceFailure(ending: .refused("peer \(peer.name) has no address"), reason: .gone)
        while let address = trials.next(at: .now) {
            do {
                let blob = try await peers.blob(digest, of: peer.id, at: address, range: range, wait: wait)
                directory.report(.worked, of: peer.id, address: address)
                return .success(Opened(blob: blob, address: address))
            } catch {
                last = SourceFailure(
                    ending: ending(of: error, peer: peer, address: address, digest: digest, inSwarm: wait != nil),
                    reason: FailureReason(opening: error))
                if error is PeerAnswerError { break }
            }
        }
        return .failure(last)
    }

    private func stream(_ blob: PeerBlob, peer: Peer, address: PeerAddress, inSwarm: Bool) -> SourceStream {
        var iterator = blob.body.makeAsyncIterator()
        let directory = directory
        return SourceStream(offset: blob.offset, total: blob.total, rangeIgnored: false) {
            () async throws(SourceFailure) in
            do {
                return try await iterator.next()
            } catch {
                // Who passes on what comes in elsewhere breaks off where that does; it is none the less there.
                if error is DeadPeerError || !inSwarm && !Task.isCancelled {
                    directory.report(.broke, of: peer.id, address: address)
                }
                throw SourceFailure(
                    ending: .broke("peer \(peer.name) broke off: \(error)"), reason: FailureReason(breaking: error))
            }
        }
    }

    private func ending(
        of error: any Error, peer: Peer, address: PeerAddress, digest: Digest, inSwarm: Bool
    ) -> DownloadPlan.Ending {
        switch error {
        case PeerAnswerError.missing(let pieces):
            return .lacks("peer \(peer.name) does not have the piece yet", pieces: pieces)
        case PeerAnswerError.status(404):
            directory.withdraw(digest, of: peer.id)
            if inSwarm { return .lacks("peer \(peer.name) no longer has it", pieces: "") }
            return .refused("peer \(peer.name) no longer has it")
        case PeerAnswerError.busy(let retryAfter, let holders):
            return .busy("peer \(peer.name) is busy", retryAfter: retryAfter, holders: holders)
        case is PeerAnswerError:
            return .refused("peer \(peer.name): \(error)")
        case let error as HTTPClientError where error.isLateness:
            directory.report(.timedOut, of: peer.id, address: address)
            if inSwarm { return .broke("peer \(peer.name) does not answer at \(address)") }
            return .refused("peer \(peer.name) does not answer at \(address)")
        default:
            // Whom nobody waits for any more may be well, and in a swarm requests break off all the time; only who cannot be connected to is
            // not there.
            if error is NIOConnectionError || error is DeadPeerError || error is TLSTrouble
                || !inSwarm && !Task.isCancelled
            {
                directory.report(.refused, of: peer.id, address: address)
            }
            if inSwarm { return .broke("peer \(peer.name) cannot be reached at \(address): \(error)") }
            return .refused("peer \(peer.name) cannot be reached at \(address): \(error)")
        }
    }

    // MARK: Upstream

    private func openUpstream(
        _ digest: Digest, _ origins: [Origin], _ identity: UpstreamIdentity, _ range: Range<Int64>?
    ) async throws(SourceFailure) -> SourceStream {
        var last = SourceFailure(ending: .refused("no registry is known to have it"))
        for origin in origins {
            do throws(UpstreamError) {
                let blob = try await upstream.blob(digest, at: origin, as: identity, range: range)
                var iterator = blob.body.makeAsyncIterator()
                return SourceStream(
                    offset: blob.offset, total: blob.totalSize, rangeIgnored: blob.rangeIgnored
                ) { () async throws(SourceFailure) in
                    do {
                        return try await iterator.next()
                    } catch {
                        throw SourceFailure(ending: .broke("\(origin.registry) broke off: \(error)"))
                    }
                }
            } catch {
                let failure = SourceFailure(ending: ending(of: error), reason: FailureReason(error))
                // What may pass counts more than what another repository refuses.
                if failure.mayPass || !last.mayPass { last = failure }
            }
        }
        throw last
    }

    private func ending(of error: UpstreamError) -> DownloadPlan.Ending {
        switch error.code {
        case .broken: .broke(error.message)
        case .throttled: .busy(error.message, retryAfter: error.retryAfter)
        case .rangeUnsatisfiable: .noSuchRange(error.message)
        default: .refused(error.message)
        }
    }
}
