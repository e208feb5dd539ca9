import Integrity

/// The `Authorization` header of a peer request: `Shoal node=<id>, nonce=<nonce>, count=<n>, mac=<hex>`.
struct PeerAuthorization: Equatable, Sendable {
    static let scheme = "Shoal"
    private static let longest = 256

    var node: NodeID
    /// As the server gave it.
    var nonce: String
    /// How often the nonce was used, this time included; keeps the same request from counting twice.
    var count: UInt64
    var mac: [UInt8]

    init(node: NodeID, nonce: String, count: UInt64, mac: [UInt8]) {
        self.node = node
        self.nonce = nonce
        self.count = count
        self.mac = mac
    }

    /// Nil for anything but the four parameters, once each, in any order.
    init?(header: String) {
        guard header.utf8.count <= Self.longest else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == Self.scheme.lowercased() else { return nil }
        var values: [Substring: Substring] = [:]
        for parameter in parts[1].split(separator: ",") {
            let pair = parameter.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, values.updateValue(pair[1], forKey: pair[0]) == nil else { return nil }
        }
        guard values.count == 4,
            let node = values["node"].flatMap({ NodeID(hex: $0) }),
            let nonce = values["nonce"], nonce.utf8.count == ServerNonce.digits,
            let count = values["count"].flatMap({ UInt64($0) }), count > 0,
            let mac = values["mac"].flatMap({ Hex.bytes($0) }), mac.count == HMACSHA256.length
        else { return nil }
        self.init(node: node, nonce: String(nonce), count: count, mac: mac)
    }

    var header: String {
        "\(Self.scheme) node=\(node), nonce=\(nonce), count=\(count), mac=\(Hex.string(mac))"
    }

    /// The code over everything that decides what is answered, and over what keeps the request from being sent again.
    static func code(
        key: [UInt8], node: NodeID, nonce: String, count: UInt64, method: String, target: String, range: String?
    ) -> [UInt8] {
        HMACSHA256.code(
            key: key, Array(method.utf8), Array(target.utf8), Array((range ?? "").utf8), Array(nonce.utf8),
            Array(String(count).utf8), node.bytes)
    }
}

/// The `Shoal-Proof` header of an answer: `node=<id>, mac=<hex>`, over the asker's nonce, the answerer and the body.
struct PeerProof: Equatable, Sendable {
    var node: NodeID
    var mac: [UInt8]

    init(node: NodeID, mac: [UInt8]) {
        self.node = node
        self.mac = mac
    }

    init?(header: String) {
        let parts = header.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
        guard header.utf8.count <= 128, parts.count == 2, parts[0].hasPrefix("node="), parts[1].hasPrefix("mac="),
            let node = NodeID(hex: parts[0].dropFirst(5)),
            let mac = Hex.bytes(parts[1].dropFirst(4)), mac.count == HMACSHA256.length
        else { return nil }
        self.init(node: node, mac: mac)
    }

    var header: String { "node=\(node), mac=\(Hex.string(mac))" }

    static func code(key: [UInt8], node: NodeID, clientNonce: String, body: [UInt8]) -> [UInt8] {
        HMACSHA256.code(key: key, Array(clientNonce.utf8), node.bytes, body)
    }
}
