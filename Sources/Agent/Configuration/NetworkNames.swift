import Glibc

/// An IP address and a port to listen on: `127.0.0.1:5050`, `[::1]:5050`.
public struct ListenEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// An IP literal without brackets, in its canonical form.
    public var address: String
    /// 0 lets the kernel choose.
    public var port: Int

    /// An address that every machine has, and a port.
    init(_ address: WellKnown, port: Int) {
        self.address = address.rawValue
        self.port = port
    }

    /// The addresses of the defaults.
    enum WellKnown: String {
        case v4Loopback = "127.0.0.1"
        case v6Loopback = "::1"
        case v4Any = "0.0.0.0"
        case v6Any = "::"
    }

    /// Reads `address:port`; an IPv6 address stands in brackets.
    public init?(text: String) {
        guard let pair = HostAndPort(text), let address = IPAddress(text: pair.host),
            address.isIPv6 == pair.isBracketed
        else { return nil }
        self.address = address.description
        port = pair.port
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    /// `address:port`, an IPv6 address in brackets.
    public var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

extension ListenEndpoint: ConfigurationText {
    static var typeName: String { "address" }
    static var expectation: String { "an address and port such as \"127.0.0.1:5050\" or \"[::1]:5050\"" }
}

/// An IP address, canonical.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address as `inet_ntop` writes it.
    public let description: String

    /// Reads an IPv4 or IPv6 literal, without brackets and without a zone.
    public init?(text: String) {
        // What stands behind a zero byte would be lost on its way to C.
        guard !text.utf8.contains(0), let canonical = Self.canonical(text) else { return nil }
        description = canonical
    }

    private static func canonical(_ text: String) -> String? {
        var address = [UInt8](repeating: 0, count: 16)
        var written = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        for family in [AF_INET, AF_INET6] where inet_pton(family, text, &address) == 1 {
            guard inet_ntop(family, address, &written, socklen_t(written.count)) != nil else { return nil }
            return String(decoding: written.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return nil
    }

    /// Whether it is an IPv6 address.
    public var isIPv6: Bool { description.contains(":") }
}

extension IPAddress: ConfigurationText {
    static var typeName: String { "IP address" }
    static var expectation: String { "an IP address such as \"192.168.1.7\"" }
}

/// Another node as an operator writes it: a name or an address, and a port.
public struct PeerHost: Hashable, Sendable, CustomStringConvertible {
    /// A DNS name or an IP literal without brackets.
    public var host: String
    /// From 1 to 65535.
    public var port: Int

    /// Reads `host:port`; an IPv6 address stands in brackets.
    public init?(text: String) {
        guard let pair = HostAndPort(text), pair.port > 0 else { return nil }
        if let address = IPAddress(text: pair.host) {
            guard address.isIPv6 == pair.isBracketed else { return nil }
            host = address.description
        } else {
            guard !pair.isBracketed, let name = DNSName(text: pair.host) else { return nil }
            host = name.description
        }
        port = pair.port
    }

    /// `host:port`, an IPv6 address in brackets.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension PeerHost: ConfigurationText {
    static var typeName: String { "host and port" }
    static var expectation: String { "a host and port such as \"node-7.example.com:5051\"" }
}

/// A name to ask DNS for; service names (`_shoal._tcp.example.com`) too.
public struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// The name, in lower case.
    public let description: String

    /// Reads a name: labels of letters, digits, `-` and `_`, at most 253 characters.
    public init?(text: String) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
            }
        guard isName, !(labels.last?.allSatisfy(\.isNumber) ?? true) else { return nil }
        description = text.lowercased()
    }
}

extension DNSName: ConfigurationText {
    static var typeName: String { "DNS name" }
    static var expectation: String { "a DNS name such as \"peers.example.com\"" }
}

/// A UDP port, from 1 to 65535.
public struct UDPPort: Hashable, Sendable {
    /// The port's number.
    public var number: Int
}

extension UDPPort: ConfigurationConvertible {
    static var typeName: String { "port" }
    static var expectation: String { "a port from 1 to 65535" }
    static var shape: ConfigurationShape { .integer }

    init?(_ value: ConfigurationValue) {
        guard case .integer(let number) = value, (1...65535).contains(number) else { return nil }
        self.number = Int(number)
    }

    var configurationValue: ConfigurationValue { .integer(Int64(number)) }
}

/// `host:port` or `[host]:port`, split and no more.
private struct HostAndPort {
    var host: String
    var port: Int
    var isBracketed: Bool

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let number = Int(digits), number <= 65535
        else { return nil }
        let name = text[..<colon]
        isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
        host = String(isBracketed ? name.dropFirst().dropLast() : name)
        port = number
    }
}
