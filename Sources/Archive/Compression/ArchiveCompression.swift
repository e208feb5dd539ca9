/// What a file is packed by, as its first bytes tell.
enum ArchiveCompression: Hashable, Sendable {
    case none, gzip, zstd, xz, bzip2

    /// So many bytes tell all of them apart.
    static let length = 6

    /// - Parameter start: the first ``length`` bytes of a file, or all of a shorter one.
    init(_ start: some Collection<UInt8>) {
        let known: [(ArchiveCompression, [UInt8])] = [
            (.gzip, [0x1f, 0x8b]), (.zstd, [0x28, 0xb5, 0x2f, 0xfd]), (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
            (.bzip2, Array("BZh".utf8)),
        ]
        self = known.first { start.starts(with: $0.1) }?.0 ?? .none
    }

    /// What unpacks it, where that is not done here.
    var tool: String? {
        switch self {
        case .none, .gzip: nil
        case .zstd: "zstd -dc"
        case .xz: "xz -dc"
        case .bzip2: "bzip2 -dc"
        }
    }
}
