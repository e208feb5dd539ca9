import OCI

/// The images that a layout knows: what `index.json` says, in memory. A value without I/O.
///
/// A named image has one record. A manifest that is known by its digest only has one for each repository it came from, as
/// long as no name of that repository leads to it.
struct Catalog: Sendable {
    /// How many records are kept. Beyond it the one goes whose source spoke longest ago: names can be pushed without end.
    static let maximumCount = 16_384

    private enum Key: Hashable {
        case name(ImageReference)
        case digest(Digest, Origin?)
    }

    /// Grows with every change.
    private(set) var version = 0
    /// Entries of other programs; see `IndexDocument`.
    private(set) var foreign: [Descriptor] = []
    private var records: [Key: ImageRecord] = [:]
    private var keys: [Digest: Set<Key>] = [:]
    private var sorted: [ImageRecord]?
    private let maximumCount: Int

    init(maximumCount: Int = Self.maximumCount) {
        self.maximumCount = maximumCount
    }

    /// Takes over a document's entries, those of manifests that are held.
    init(_ document: IndexDocument, maximumCount: Int = Self.maximumCount, isHeld: (Digest) -> Bool) {
        self.init(maximumCount: maximumCount)
        foreign = document.foreign.filter { isHeld($0.digest) }
        for record in document.records where isHeld(record.digest) { set(Self.key(record), record) }
        // Version 0 is what is on disk.
        version = foreign.count == document.foreign.count && records.count == document.records.count ? 0 : 1
    }

    /// Notes an image, or what is new about it.
    ///
    /// A name that moves leaves its old manifest known by digest: it is still held, and still that repository's.
    mutating func record(_ image: ImageRecord) {
        var new = image
        new.origin = image.reference?.origin ?? image.origin
        let siblings = siblings(of: new)
        let key = Self.key(new)
        guard new.reference != nil else {
            if siblings.isEmpty || siblings == [key] { set(key, new) }
            trim(sparing: key)
            return
        }
        let moved = records[key].flatMap { $0.digest == new.digest ? nil : $0 }
        unset(.digest(new.digest, new.origin))
        set(key, new)
        if let moved { leave(moved) }
        trim(sparing: key)
    }

    /// Forgets everything about a manifest that is held no more.
    mutating func remove(_ digest: Digest) {
        for key in keys[digest] ?? [] { unset(key) }
        let count = foreign.count
        foreign.removeAll { $0.digest == digest }
        if foreign.count < count { version += 1 }
    }

    /// Forgets a name.
    mutating func forget(_ reference: ImageReference) {
        unset(.name(reference))
    }

    /// How many entries `index.json` has.
    var count: Int { records.count + foreign.count }

    /// All records, by name and digest.
    mutating func images() -> [ImageRecord] {
        if let sorted { return sorted }
        let images = records.values.map { (text: "\($0.reference?.description ?? "") \($0.digest)", record: $0) }
            .sorted { $0.text < $1.text }.map(\.record)
        sorted = images
        return images
    }

    /// The records of one manifest.
    func images(of digest: Digest) -> [ImageRecord] {
        (keys[digest] ?? []).compactMap { records[$0] }
    }

    /// The record of a name. A digest in it decides: a record of that manifest and repository does, by whatever name.
    func image(for reference: ImageReference) -> ImageRecord? {
        if let record = records[.name(reference)] { return record }
        guard let digest = reference.digest else { return nil }
        let candidates = images(of: digest).filter { record in
            guard let origin = reference.origin else {
                return record.reference?.registry == nil && record.reference?.repository == reference.repository
            }
            return record.origin == origin
        }
        return candidates.max { $0.knownGood < $1.knownGood }
    }

    /// The repositories that any of these manifests came from, sorted.
    func origins(of manifests: some Sequence<Digest>) -> [Origin] {
        var origins: Set<Origin> = []
        for manifest in manifests { origins.formUnion(images(of: manifest).compactMap(\.origin)) }
        return origins.sorted()
    }

    /// What belongs into `index.json`.
    mutating func document() -> IndexDocument {
        IndexDocument(records: images(), foreign: foreign)
    }

    private static func key(_ record: ImageRecord) -> Key {
        record.reference.map(Key.name) ?? .digest(record.digest, record.origin)
    }

    /// The records of the same manifest and repository. In the local namespace it is the name that has the repository.
    private func siblings(of record: ImageRecord) -> Set<Key> {
        (keys[record.digest] ?? []).filter { key in
            guard let other = records[key], other.origin == record.origin else { return false }
            return record.origin != nil || other.reference?.repository == record.reference?.repository
        }
    }

    private mutating func leave(_ old: ImageRecord) {
        guard siblings(of: old).isEmpty else { return }
        var old = old
        if let reference = old.reference, old.origin == nil {
            old.reference = ImageReference(
                registry: reference.registry, repository: reference.repository, tag: nil, digest: old.digest)
        } else {
            old.reference = nil
        }
        set(Self.key(old), old)
    }

    private mutating func trim(sparing newest: Key) {
        while records.count > maximumCount,
            let oldest = records.lazy.filter({ $0.key != newest }).min(by: { $0.value.knownGood < $1.value.knownGood })
        {
            unset(oldest.key)
        }
    }

    private mutating func set(_ key: Key, _ record: ImageRecord) {
        let old = records[key]
        guard old != record else { return }
        if let old, old.digest != record.digest { keys[old.digest]?.remove(key) }
        records[key] = record
        keys[record.digest, default: []].insert(key)
        changed()
    }

    private mutating func unset(_ key: Key) {
        guard let record = records.removeValue(forKey: key) else { return }
        keys[record.digest]?.remove(key)
        if keys[record.digest]?.isEmpty == true { keys[record.digest] = nil }
        changed()
    }

    private mutating func changed() {
        version += 1
        sorted = nil
    }
}
