/// Names of an archive's entries, as they are compared: `./blobs/x`, `/blobs//x` and `a/../blobs/x` are `blobs/x`.
///
/// No file is ever opened by such a name.
enum ArchivePath {
    /// The parts of a name; nil where it leaves the archive, is empty, or has other than printable ASCII characters: nothing that makes
    /// up an image is called so.
    static func parts(_ name: String, from folder: [Substring] = []) -> [Substring]? {
        guard name.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else { return nil }
        var parts = name.utf8.first == UInt8(ascii: "/") ? [] : folder
        for part in name.utf8.split(separator: UInt8(ascii: "/")).map({ Substring($0) }) where part != "." {
            guard part == ".." else {
                parts.append(part)
                continue
            }
            guard !parts.isEmpty else { return nil }
            parts.removeLast()
        }
        return parts.isEmpty ? nil : parts
    }

    /// A name in the one form that it has.
    static func normalized(_ name: String, from folder: [Substring] = []) -> String? {
        parts(name, from: folder)?.joined(separator: "/")
    }
}
