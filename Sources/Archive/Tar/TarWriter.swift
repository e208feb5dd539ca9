/// Writes a tar archive: ustar, with a pax header before an entry whose name or size does not fit. The same entries make the same bytes.
public enum TarWriter {
    /// What ends an archive.
    public static let end = [UInt8](repeating: 0, count: 2 * TarHeader.blockSize)

    /// Eleven octal digits.
    private static let sizeLimit: Int64 = 1 << 33
    private static let nameLimit = 100

    /// What stands before an entry's content. Behind it ``padding(_:)`` zeros follow.
    public static func header(of entry: TarEntry) -> [UInt8] {
        let (flag, link): (UInt8, String) =
            switch entry.kind {
            case .file: (TarHeader.Flag.file, "")
            case .folder: (TarHeader.Flag.folder, "")
            case .hardLink(let target): (TarHeader.Flag.hardLink, target)
            case .symbolicLink(let target): (TarHeader.Flag.symbolicLink, target)
            case .other(let flag): (flag, "")
            }
        var records: [UInt8] = []
        if entry.name.utf8.count > nameLimit { records += record("path", entry.name) }
        if link.utf8.count > nameLimit { records += record("linkpath", link) }
        if entry.size >= sizeLimit { records += record("size", "\(entry.size)") }
        let own = block(
            name: entry.name, link: link, size: entry.size < sizeLimit ? entry.size : 0, flag: flag,
            mode: flag == TarHeader.Flag.folder ? 0o755 : 0o644)
        guard !records.isEmpty else { return own }
        // The name is nobody's: whoever does not know the flag unpacks a file of it.
        let pax = block(
            name: "pax_header", link: "", size: Int64(records.count), flag: TarHeader.Flag.pax, mode: 0o644)
        return pax + records + [UInt8](repeating: 0, count: padding(Int64(records.count))) + own
    }

    /// How many zeros follow a content of this many bytes.
    public static func padding(_ size: Int64) -> Int { TarHeader.padding(size) }

    /// `LENGTH KEY=VALUE\n`, where the length is that of all of it.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let rest = key.utf8.count + value.utf8.count + 3
        var length = rest + 1
        while "\(length)".utf8.count + rest != length { length = "\(length)".utf8.count + rest }
        return Array("\(length) \(key)=\(value)\n".utf8)
    }

    private static func block(name: String, link: String, size: Int64, flag: UInt8, mode: Int64) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        func put(octal value: Int64, digits: Int, at offset: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: digits - text.utf8.count) + text).utf8, at: offset)
        }
        put(name.utf8.prefix(nameLimit), at: 0)
        put(octal: mode, digits: 7, at: 100)
        put(octal: 0, digits: 7, at: 108)
        put(octal: 0, digits: 7, at: 116)
        put(octal: size, digits: 11, at: 124)
        put(octal: 0, digits: 11, at: 136)
        block[156] = flag
        put(link.utf8.prefix(nameLimit), at: 157)
        put(TarHeader.magic, at: 257)
        put("00".utf8, at: 263)
        // The sum is taken with spaces in its own field.
        put("        ".utf8, at: 148)
        put(octal: block.reduce(0) { $0 + Int64($1) }, digits: 6, at: 148)
        block[154] = 0
        return block
    }
}
