import Content
import Integrity
import Logging
import OCI
import Synchronization

/// Whether what came is what the digest says.
extension Download {
    /// Hashes the front of the spool as it grows, and says the verdict when all is here. What has been led along a link of the hash
    /// chain from where this hash has come to is as good as hashed by it.
    func followHash() async {
        var generation = 0
        var position: Int64 = 0
        var hasher = SpoolHasher(spool, digest.algorithm)
        for await _ in hashSignal {
            following: while !Task.isCancelled {
                // Where that is at a piece's boundary.
                let reached = position == 0 ? SHA256State.initial : hasher.states.last
                let (new, soundTo, step) = state.withLock { state in
                    let isCurrent = state.plan.hashGeneration == generation
                    return (
                        state.plan.hashGeneration, isCurrent ? nil : state.plan.soundPrefix(),
                        state.plan.frontStep(at: position, reached)
                    )
                }
                if let soundTo {
                    generation = new
                    let sound = hasher.states.prefix(Int(soundTo / HashChain.pieceSize))
                    position = Int64(sound.count) * HashChain.pieceSize
                    hasher = SpoolHasher(spool, digest.algorithm, after: Array(sound))
                    continue
                }
                switch step {
                case .wait: break following
                case .follow(let link, let end):
                    hasher.follow(link)
                    noteFront(hasher.states, from: position, to: end)
                    position = end
                case .hash(let range):
                    do {
                        try await context.hashing.run { [hasher, tally = context.counters.hashing] in
                            let began = ContinuousClock.now
                            try hasher.update(range)
                            tally.hashed(Int64(range.count), since: began)
                        }
                        noteFront(hasher.states, from: position, to: range.upperBound)
                        position = range.upperBound
                    } catch {
                        spoolIsUnreadable(error)
                        evaluate()
                        return
                    }
                case .finish:
                    let (actual, chain) = hasher.finish()
                    hasher = SpoolHasher(spool, digest.algorithm)
                    position = 0
                    if await conclude(actual, chain, generation: generation) { return }
                }
            }
        }
    }

    /// Ends the download: nobody would hash what another attempt of this one brings. One whose bytes are known to be right already, or
    /// that has ended otherwise, stays as it is.
    func spoolIsUnreadable(_ reason: Any) {
        let ends = state.withLock { state in
            guard state.plan.phase == .fetching else { return false }
            state.plan.stop("the spool cannot be read back: \(reason)")
            state.isClosed = true
            return true
        }
        if ends { context.replaced(self) }
    }

    /// Notes the states that hashing has passed, for an agent after this one: by them it can tell what of the front is still good.
    private func noteFront(_ states: [SHA256State], from: Int64, to: Int64) {
        for piece in Int(from / HashChain.pieceSize)..<Int(to / HashChain.pieceSize) where piece < states.count {
            guard let kind = state.withLock({ $0.plan.kind(of: piece) }) else { continue }
            spool.note(SpooledPiece(piece: piece, kind: kind, state: states[piece]))
        }
    }

    /// - Returns: whether the blob is verified.
    private func conclude(_ actual: Digest, _ chain: HashChain?, generation: Int) async -> Bool {
        let isRight = actual == digest
        let actions = state.withLock { state -> [DownloadPlan.Action]? in
            guard state.plan.hashGeneration == generation else { return nil }
            if isRight {
                state.verifiedAt = .now
                return state.plan.verified()
            }
            return state.plan.mismatched("the bytes that came hash to \(actual)")
        }
        // Some of it was taken back while it was hashed: it is hashed again.
        guard let actions else { return false }
        for action in actions { act.yield(action) }
        evaluate()
        guard isRight, let size, state.withLock({ $0.plan.phase == .verified }) else {
            context.logger.warning(
                "the bytes of a blob were wrong and have been dropped",
                metadata: ["digest": "\(digest)", "actual": "\(actual)"])
            spool.startOver()
            state.withLock { $0.notedSize = nil }
            return false
        }
        if let chain { context.chains?.keep(chain) }
        await commit(size: size)
        return true
    }

    private func commit(size: Int64) async {
        do {
            try await spool.seal(to: size)
            let stored = try await context.store.commit(spool, as: digest, size: size)
            state.withLock { state in
                state.stored = stored
                state.isClosed = true
            }
        } catch {
            context.logger.notice(
                "a verified blob is not kept", metadata: ["digest": "\(digest)", "reason": "\(error)"])
            state.withLock { $0.commitFailed = true }
        }
        context.replaced(self)
    }
}
