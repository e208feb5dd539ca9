import Glibc

/// What keeps containerd's garbage collection away from content and snapshots that no image leads to yet.
public struct RuntimeLease: Hashable, Sendable {
    public var id: String
    public var namespace: String

    /// Puts the parts together.
    public init(id: String, namespace: String) {
        self.id = id
        self.namespace = namespace
    }

    /// A time as labels have it (RFC 3339, in UTC).
    /// - Parameter time: seconds since 1970.
    static func timestamp(_ time: Int64) -> String {
        var seconds = time_t(time)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
