/// A registry: `host`, `host:port`, `[IPv6]` or `[IPv6]:port`, in lower case, without scheme, path or credentials.
///
/// Docker Hub's other names, `index.docker.io` and `registry-1.docker.io`, become `docker.io`.
public struct RegistryName: TextualValue {
    /// `docker.io`, the registry of names that name none.
    public static let dockerHub = RegistryName(host: "docker.io", port: nil, literal: nil)

    /// The host name, or the IP address without brackets.
    public let host: String
    /// 1...65535; nil where none was written.
    public let port: Int?
    /// The canonical text: what it is compared and printed by.
    public let description: String
    /// Whether connecting to it stays on this machine: `localhost`, names under it, and loopback addresses.
    ///
    /// Other names can still resolve to loopback: check the address that is connected to as well.
    public let isLoopback: Bool
    /// Whether it is written as a link-local address.
    public let isLinkLocal: Bool

    /// Parses a registry's name.
    /// - Throws: `.registryInvalid` with what is not allowed.
    public init(_ text: some StringProtocol) throws(OCIError) {
        let text = String(text)
        let bytes = text.utf8
        // First of all, since the text may hold a password and must not be shown then.
        guard !bytes.contains(.at) else {
            throw Self.error("registry name contains '@'; credentials do not belong into a name")
        }
        guard !bytes.contains(.slash) else {
            throw Self.error(
                "registry name \(Excerpt(text)) contains '/'; write host or host:port, without scheme or path")
        }
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")),
                let literal = IPLiteral(v6: bytes[bytes.index(after: bytes.startIndex)..<close])
            else {
                throw Self.error("registry name \(Excerpt(text)) is not valid: between brackets stands an IPv6 address")
            }
            let port = try Self.port(bytes[bytes.index(after: close)...], of: text)
            self.init(host: literal.description, port: port, literal: literal)
            return
        }
        let colon = bytes.firstIndex(of: .colon) ?? bytes.endIndex
        let port = try Self.port(bytes[colon...], of: text)
        let literal = IPLiteral(v4: bytes[..<colon])
        let host = String(decoding: bytes[..<colon].map(\.asciiLowercased), as: UTF8.self)
        if literal == nil, let fault = Self.fault(inHost: host.utf8) {
            throw Self.error("registry name \(Excerpt(text)) is not valid: \(fault)")
        }
        if port == nil, host == "index.docker.io" || host == "registry-1.docker.io" {
            self = .dockerHub
        } else {
            self.init(host: host, port: port, literal: literal)
        }
    }

    private init(host: String, port: Int?, literal: IPLiteral?) {
        self.host = host
        self.port = port
        let authority = if case .v6? = literal { "[\(host)]" } else { host }
        description = port.map { "\(authority):\($0)" } ?? authority
        isLoopback = literal?.isLoopback ?? (host == "localhost" || host.hasSuffix(".localhost"))
        isLinkLocal = literal?.isLinkLocal ?? false
    }

    public static func == (left: Self, right: Self) -> Bool { left.description == right.description }
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }

    /// Reads nothing, or a colon and a number.
    private static func port(_ bytes: Substring.UTF8View, of text: String) throws(OCIError) -> Int? {
        guard let first = bytes.first else { return nil }
        let digits = bytes.dropFirst()
        guard first == .colon, digits.count <= 5, digits.first != UInt8(ascii: "0"), let port = digits.decimal,
            port <= 65535
        else {
            throw error(
                "registry name \(Excerpt(text)) is not valid: behind the host stands ':' and a port, 1 to 65535")
        }
        return Int(port)
    }

    /// What RFC 1123 §2.1 forbids in a host name; nil if it is one.
    private static func fault(inHost host: String.UTF8View) -> String? {
        guard host.count <= 253 else { return "a host name has at most 253 bytes" }
        let labels = host.split(separator: .dot, omittingEmptySubsequences: false)
        for label in labels {
            guard let first = label.first, let last = label.last else { return "the host or a part of it is empty" }
            guard label.count <= 63 else { return "a part of a host name has at most 63 bytes" }
            guard first != .hyphen, last != .hyphen else {
                return "a part of a host name neither begins nor ends with '-'"
            }
            guard label.allSatisfy({ $0.isASCIILower || $0.isASCIIDigit || $0 == .hyphen }) else {
                return "a host name consists of letters, digits, '-' and '.'"
            }
        }
        // What ends in a number is an address to resolvers, and not always the one that a reader sees (IPLiteral).
        guard let last = labels.last, !isNumber(last) else { return "an IPv4 address is four numbers up to 255" }
        return nil
    }

    private static func isNumber(_ label: Substring.UTF8View) -> Bool {
        if label.allSatisfy(\.isASCIIDigit) { return true }
        return label.starts(with: "0x".utf8) && label.dropFirst(2).allSatisfy { $0.hexValue != nil }
    }

    private static func error(_ message: String) -> OCIError {
        OCIError(code: .registryInvalid, message: message)
    }
}
