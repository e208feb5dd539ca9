public import OCI

/// All names of the local namespace that this node knows for good, and the images that it keeps by their names. A value without I/O.
public struct NameTable: Sendable, Equatable {
    /// How many names are kept; one more is refused.
    public static let limit = 20_000
    /// How many deleted names are remembered. The longer one is, the surer it stays deleted when a node comes back that still has it.
    public static let tombstoneLimit = 10_000
    /// How many images can be pinned.
    public static let pinLimit = 1_000

    private var records: [LocalName: NameRecord] = [:]
    private var members: [RepositoryName: Set<LocalName>] = [:]
    private var tombstones = 0
    /// Grows with every change.
    private(set) var revision = 0
    /// Images that are kept, whatever their names come to mean.
    public private(set) var pins: Set<ImageReference> = []

    public init() {}

    /// Whether both know the same, however they came to.
    public static func == (one: Self, other: Self) -> Bool { one.records == other.records && one.pins == other.pins }

    // MARK: What is known

    public subscript(name: LocalName) -> NameRecord? { records[name] }

    /// Everything, deleted names too, in no order.
    public var all: [NameRecord] { Array(records.values) }

    /// Everything, deleted names too, by name.
    func sorted() -> [NameRecord] {
        records.values.map { (text: $0.name.description, record: $0) }.sorted { $0.text < $1.text }.map(\.record)
    }

    /// Names that are not deleted.
    public var count: Int { records.count - tombstones }

    /// All of a repository, deleted names too, in no order.
    public func all(in repository: RepositoryName) -> [NameRecord] {
        (members[repository] ?? []).compactMap { records[$0] }
    }

    /// Repositories with a name that is not deleted.
    public var repositories: Set<RepositoryName> {
        Set(members.keys.filter { repository in all(in: repository).contains { !$0.isDeleted } })
    }

    // MARK: What changes

    /// Takes a record in, unless a newer word is known.
    /// - Returns: whether it was news.
    public mutating func merge(_ record: NameRecord) -> Bool {
        var record = record
        if let known = records[record.name] {
            guard record.version >= known.version, record != known else { return false }
            // The same word again: that it was said here, and since when, stays so.
            if record.version == known.version {
                record.isOwn = record.isOwn || known.isOwn
                record.since = known.since
                guard record != known else { return false }
            }
            if known.isDeleted { tombstones -= 1 }
        }
        revision += 1
        records[record.name] = record
        members[record.name.repository, default: []].insert(record.name)
        if record.isDeleted { tombstones += 1 }
        trim()
        return true
    }

    /// Forgets a name altogether.
    public mutating func forget(_ name: LocalName) {
        guard let known = records.removeValue(forKey: name) else { return }
        revision += 1
        if known.isDeleted { tombstones -= 1 }
        members[name.repository]?.remove(name)
        if members[name.repository]?.isEmpty == true { members[name.repository] = nil }
    }

    /// Keeps an image, or keeps it no more.
    /// - Returns: whether that was news.
    public mutating func pin(_ image: ImageReference, _ isPinned: Bool) -> Bool {
        let isNews = isPinned ? pins.insert(image).inserted : pins.remove(image) != nil
        if isNews { revision += 1 }
        return isNews
    }

    /// What was heard and deleted longest ago goes first.
    private mutating func trim() {
        guard tombstones > Self.tombstoneLimit else { return }
        // A tenth at once, so that a full table is not sorted for every newcomer.
        let oldest = records.values.filter(\.isDeleted).sorted { $0.since < $1.since }
        for record in oldest.prefix(Self.tombstoneLimit / 10) { forget(record.name) }
    }
}
