public import SystemPackage

/// What is to become of one file.
public struct FileEdit: Sendable, Equatable {
    /// The file, as the runtime names it; where it is a link, what it points to is edited.
    public let path: FilePath
    /// Its text now; nil: there is none.
    public let before: String?
    /// Its text then; nil: it goes.
    public let after: String?
    /// With a file that goes: how many folders above it go too, from the innermost, where they are empty then.
    public var removedFolders = 0

    /// The change as `diff -u` shows it.
    public var diff: String { UnifiedDiff.text(path: path.string, before: before, after: after) }

    /// What happens, in a line.
    public var summary: String {
        switch (before, after) {
        case (nil, _): "\(path): written"
        case (_, nil): "\(path): removed"
        default: "\(path): changed"
        }
    }
}

/// What `configure` is about to do, and what is to be said about it.
public struct RuntimePlan: Sendable {
    /// The files, in the order in which they are written. Nothing: it is all there already.
    public internal(set) var edits: [FileEdit] = []
    /// What to know or to do next, a sentence each.
    public internal(set) var remarks: [String] = []
    /// The files that are left alone although something was to be done there.
    public internal(set) var refusals: [Refusal] = []

    /// All changes as one unified diff.
    public var diff: String { edits.map(\.diff).joined() }

    /// Adds an edit, unless it changes nothing.
    mutating func add(_ edit: FileEdit) {
        if let before = edit.before, let after = edit.after, before.hasSameBytes(as: after) { return }
        if edit.before == nil, edit.after == nil { return }
        edits.append(edit)
    }

    /// Adds what comes of a step, or notes why it does not.
    mutating func attempt(_ step: (inout RuntimePlan) throws(Refusal) -> Void) {
        do {
            try step(&self)
        } catch {
            refusals.append(error)
        }
    }
}
