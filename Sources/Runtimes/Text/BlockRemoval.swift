import SystemPackage

/// Takes `configure`'s blocks out of a file.
struct BlockRemoval {
    /// The runtime's name on the command line.
    var command: String

    /// Whether there is anything of ours in a text.
    static func isMarked(_ text: String) -> Bool {
        (try? MarkedBlock.all(in: LinedText(text)))?.isEmpty == false
    }

    /// - Parameter isMeant: which blocks, by their labels.
    /// - Returns: nil where there is nothing to take out.
    func edit(
        _ path: FilePath, _ text: String, where isMeant: (String?) -> Bool = { _ in true }
    ) throws(Refusal) -> FileEdit? {
        let rest: LinedText
        let removed: [MarkedBlock.Found]
        do {
            (rest, removed, _) = try MarkedBlock.remove(from: LinedText(text)) { isMeant($0.label) }
        } catch {
            throw Refusal(path, error)
        }
        guard !removed.isEmpty else { return nil }
        let made = removed.lazy.compactMap(\.made).first
        // A file that configure made goes when nobody has written anything else into it.
        guard let made, rest.lines.isEmpty else { return FileEdit(path: path, before: text, after: rest.text) }
        return FileEdit(path: path, before: text, after: nil, removedFolders: made.folders)
    }
}
