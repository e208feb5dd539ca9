import SystemPackage

/// What `/etc/resolv.conf` says of who is to be asked.
struct ResolverFile: Sendable, Equatable {
    /// The system's resolver asks three at most, too.
    static let mostServers = 3
    private static let limit = 64 << 10

    var servers: [IPAddress]

    init(text: String) {
        servers = text.split(whereSeparator: \.isNewline).compactMap { line -> IPAddress? in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            return IPAddress(words[1])
        }.prefix(Self.mostServers).map { $0 }
        // As resolv.conf(5) says of a file that names none.
        if servers.isEmpty, let local = IPAddress("127.0.0.1") { servers = [local] }
    }

    static func system() -> ResolverFile {
        let bytes = (try? SmallFile.read(FilePath("/etc/resolv.conf"), limit: limit)) ?? nil
        return ResolverFile(text: String(decoding: bytes ?? [], as: UTF8.self))
    }
}
