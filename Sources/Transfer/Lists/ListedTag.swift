import OCI

/// A tag in the order of lists: "case-insensitive alphanumeric" (distribution-spec, "Listing Tags"); tags that differ in nothing else, in the
/// order of their bytes.
struct ListedTag: Comparable {
    let tag: Tag
    private let folded: String

    init(_ tag: Tag) {
        self.tag = tag
        folded = tag.description.lowercased()
    }

    static func < (left: Self, right: Self) -> Bool { (left.folded, left.tag) < (right.folded, right.tag) }
}
