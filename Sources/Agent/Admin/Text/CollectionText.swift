/// What a collection removed, as `shoal gc` prints it.
public struct CollectionText: Sendable {
    private let snapshot: CollectionSnapshot

    /// Renders this answer.
    public init(_ snapshot: CollectionSnapshot) {
        self.snapshot = snapshot
    }

    /// The text, every line ended.
    public func render() -> String {
        var lines = snapshot.blobs.map { "\($0.digest)  \(Figures.bytes($0.size))" }
        let verb = snapshot.dryRun ? "would go" : "removed"
        lines.append("\(Figures.count(snapshot.blobs.count, "blob")) \(verb), \(Figures.bytes(snapshot.bytes))")
        if snapshot.uploads > 0 { lines.append("\(Figures.count(snapshot.uploads, "upload")) given up") }
        return lines.map { $0 + "\n" }.joined()
    }
}
