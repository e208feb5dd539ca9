public import OCI
import Synchronization

/// Asks the LAN who has what nobody is known to have. Who answers enters the directory.
public final class Questions: Sendable {
    /// Questions that may wait for answers at once; one more is answered from the directory as it is.
    static let limit = 256

    private let directory: Directory
    private let pending = Mutex<[UInt64: Bell]>([:])
    private let send: @Sendable (Beacon.WhoHas) -> Void

    init(directory: Directory, send: @escaping @Sendable (Beacon.WhoHas) -> Void) {
        self.directory = directory
        self.send = send
    }

    /// The live peers that have a blob: those known, else those that answer within the wait.
    public func whoHas(_ digest: Digest, wait: Duration) async -> [Directory.Holder] {
        let known = directory.holders(of: digest)
        guard known.isEmpty else { return known }
        await ask(digests: [digest], references: [], wait: wait) { !self.directory.holders(of: digest).isEmpty }
        return directory.holders(of: digest)
    }

    /// What live peers say a tag means: those known, else those that answer within the wait.
    public func whoHas(_ reference: ImageReference, wait: Duration) async -> [TagClaim] {
        let known = directory.claims(for: reference)
        guard known.isEmpty else { return known }
        await ask(digests: [], references: [reference], wait: wait) { !self.directory.claims(for: reference).isEmpty }
        return directory.claims(for: reference)
    }

    private func ask(
        digests: [Digest], references: [ImageReference], wait: Duration, until isAnswered: () -> Bool
    ) async {
        let number = UInt64.random(in: 1...UInt64.max)
        let bell = Bell()
        let isAdmitted = pending.withLock { pending in
            guard pending.count < Self.limit else { return false }
            pending[number] = bell
            return true
        }
        guard isAdmitted else { return }
        defer { pending.withLock { $0[number] = nil } }
        send(Beacon.WhoHas(question: number, digests: digests, references: references))
        let deadline = ContinuousClock.now + wait
        while !isAnswered(), ContinuousClock.now < deadline, !Task.isCancelled {
            await bell.wait(until: deadline)
        }
    }

    /// Whether somebody waits for answers to a question.
    func isPending(_ question: UInt64) -> Bool {
        pending.withLock { $0[question] != nil }
    }

    /// An answer has been taken up.
    func answered(_ question: UInt64) {
        pending.withLock { $0[question] }?.ring()
    }
}
