import Glibc

/// A `sockaddr_in` or `sockaddr_in6`, laid out by hand for the reason that `IPAddress.init(_:)` tells.
struct SocketAddressBytes: Sendable {
    private var bytes: [UInt8]

    init(ip: IPAddress, port: Int) {
        let port = UInt16(truncatingIfNeeded: port)
        let family = sa_family_t(ip.family == .v4 ? AF_INET : AF_INET6)
        bytes = withUnsafeBytes(of: family) { Array($0) } + [UInt8(port >> 8), UInt8(port & 0xff)]
        switch ip.family {
        case .v4:
            bytes += ip.bytes + [UInt8](repeating: 0, count: 8)
        case .v6:
            // Flow, address, scope.
            bytes += [UInt8](repeating: 0, count: 4) + ip.bytes + withUnsafeBytes(of: ip.scope) { Array($0) }
        }
    }

    var port: Int { Int(bytes[2]) << 8 | Int(bytes[3]) }

    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress!, socklen_t(raw.count)) }
        }
    }

    mutating func withMutablePointer<Value>(
        _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Value
    ) -> Value {
        bytes.withUnsafeMutableBytes { raw in
            var length = socklen_t(raw.count)
            return raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress!, &length) }
        }
    }
}
