/// Writes tar archives header by header, right ones and others.
struct TarBuilder {
    enum Format { case old, ustar, gnu }

    private(set) var bytes: [UInt8] = []

    /// An archive of files.
    init(_ files: [(name: String, content: [UInt8])] = []) {
        for file in files {
            if file.name.utf8.count > 100 { addPax([("path", file.name)]) }
            add(file.name, file.content)
        }
    }

    /// One entry, with its content.
    mutating func add(
        _ name: String, _ content: [UInt8] = [], flag: Character = "0", link: String = "", size: Int64? = nil,
        format: Format = .ustar, prefix: String = "", change: (inout [UInt8]) -> Void = { _ in }
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, _ offset: Int) {
            header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        put(name.utf8.prefix(100), 0)
        put("0000644\0".utf8, 100)
        put("0000000\0".utf8, 108)
        put("0000000\0".utf8, 116)
        put(Self.octal(size ?? Int64(content.count), 11).utf8, 124)
        put(Self.octal(0, 11).utf8, 136)
        header[156] = flag.asciiValue ?? 0
        put(link.utf8.prefix(100), 157)
        switch format {
        case .old: break
        case .ustar: put("ustar\u{0}00".utf8, 257)
        case .gnu: put("ustar  \u{0}".utf8, 257)
        }
        put(prefix.utf8, 345)
        change(&header)
        Self.sum(&header)
        bytes += header
        append(content)
    }

    /// A pax header for the next entry.
    mutating func addPax(_ records: [(String, String)], flag: Character = "x") {
        add("pax", Array(records.map { Self.record($0.0, $0.1) }.joined().utf8), flag: flag)
    }

    /// Content, filled up to whole blocks.
    mutating func append(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The whole archive, with the mark of its end.
    var whole: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    static func record(_ key: String, _ value: String) -> String {
        let rest = key.utf8.count + value.utf8.count + 3
        let length = (1...9).lazy.map { rest + $0 }.first { "\($0)".utf8.count + rest == $0 } ?? 0
        return "\(length) \(key)=\(value)\n"
    }

    static func octal(_ value: Int64, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// Sets a header's checksum.
    static func sum(_ header: inout [UInt8]) {
        header.replaceSubrange(148..<156, with: "        ".utf8)
        let sum = header.reduce(0) { $0 + Int64($1) }
        header.replaceSubrange(148..<156, with: Array(octal(sum, 6).utf8) + [0, UInt8(ascii: " ")])
    }
}
