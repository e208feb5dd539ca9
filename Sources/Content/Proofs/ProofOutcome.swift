/// What came of reading a blob again.
public enum ProofOutcome: Hashable, Sendable {
    /// Every byte is what it should be.
    case intact
    /// The bytes, or their number, are wrong. The store has withdrawn the blob.
    case damaged(reason: String)
    /// The store lists the blob, and its file is not there.
    case missing
    /// The store has let the blob go.
    case gone
    /// The system refused to give the bytes; whether they are right nobody knows.
    case unreadable(reason: String)
    /// Whoever asked does not want to know any more.
    case cancelled
}

/// Who waits for a proof.
public enum ProofUrgency: Hashable, Sendable, CaseIterable {
    /// Nobody: processor and disk are taken when nobody else wants them.
    case idle
    /// Somebody, who would not get the blob before.
    case awaited
}
