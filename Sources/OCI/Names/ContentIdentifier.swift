/// A content identifier of IPFS that names the same bytes as a digest: version 1, codec `raw`, sha2-256, in lower-case base32.
///
/// Such a CID is another spelling of `sha256:…`: `bafkrei…`, 59 characters, fit for a component of a repository's name. The other kinds
/// (version 0, `dag-pb`, …) name a document of IPFS that leads to the bytes, so no digest can be read from them.
public struct ContentIdentifier: TextualValue {
    /// Version 1, codec raw, hash sha2-256, 32 bytes of it: unsigned varints, each of one byte.
    private static let header: [UInt8] = [1, 0x55, 0x12, 0x20]
    /// The multibase prefix, and five bits a character.
    private static let length = 1 + ((header.count + Digest.Algorithm.sha256.byteCount) * 8 + 4) / 5
    /// What is longer is not looked at.
    private static let limit = 256

    /// The digest of the bytes that it names; SHA-256.
    public let digest: Digest

    /// The identifier of what has a digest; nil unless that is SHA-256.
    public init?(of digest: Digest) {
        guard digest.algorithm == .sha256 else { return nil }
        self.digest = digest
    }

    /// Parses an identifier in its one canonical form.
    /// - Throws: `.contentIdentifierInvalid` with what is understood, and what this is instead.
    public init(_ text: some StringProtocol) throws(OCIError) {
        let text = String(text)
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.limit else {
            throw Self.error(
                text, "is \(bytes.count) bytes long; one of a SHA-256 digest has \(Self.length) characters")
        }
        try Self.checkBase(text, bytes)
        let binary = try Self.decode(text, bytes.dropFirst())
        let hash = try Self.hash(text, binary)
        digest = try Digest(algorithm: .sha256, bytes: hash)
    }

    /// `b` and base32 without padding.
    public var description: String {
        var text = "b"
        text.reserveCapacity(Self.length)
        var (bits, count) = (UInt32(0), 0)
        for byte in Self.header + digest.bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                text.unicodeScalars.append(Self.character(bits >> UInt32(count) & 31))
            }
        }
        if count > 0 { text.unicodeScalars.append(Self.character(bits << UInt32(5 - count) & 31)) }
        return text
    }

    // MARK: Base32 (RFC 4648 §6, in lower case and without padding)

    private static func character(_ value: UInt32) -> Unicode.Scalar {
        Unicode.Scalar(value < 26 ? UInt8(ascii: "a") + UInt8(value) : UInt8(ascii: "2") + UInt8(value - 26))
    }

    private static func checkBase(_ text: String, _ bytes: [UInt8]) throws(OCIError) {
        switch bytes.first {
        case UInt8(ascii: "b"): return
        case nil: throw error(text, "is empty")
        case UInt8(ascii: "Q") where bytes.count == 46:
            throw error(text, "is of version 0, which names a document of IPFS and not the bytes themselves")
        case UInt8(ascii: "B"):
            throw error(text, "is in upper-case base32; names have no upper case: write it in lower case")
        case UInt8(ascii: "z"), UInt8(ascii: "Z"): throw error(text, "is in base58; names have no upper case")
        case UInt8(ascii: "f"), UInt8(ascii: "F"): throw error(text, "is in base16")
        case UInt8(ascii: "k"), UInt8(ascii: "K"): throw error(text, "is in base36")
        case UInt8(ascii: "m"), UInt8(ascii: "M"), UInt8(ascii: "u"), UInt8(ascii: "U"):
            throw error(text, "is in base64")
        default: throw error(text, "does not begin with 'b', the sign of base32")
        }
    }

    private static func decode(_ text: String, _ digits: ArraySlice<UInt8>) throws(OCIError) -> [UInt8] {
        var binary: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a")
            case UInt8(ascii: "2")...UInt8(ascii: "7"): value = digit - UInt8(ascii: "2") + 26
            case .equals: throw error(text, "is padded with '='; leave that out")
            default: throw error(text, "has a character that is none of base32: a to z and 2 to 7")
            }
            bits = bits << 5 | UInt32(value)
            count += 5
            guard count >= 8 else { continue }
            count -= 8
            binary.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            bits &= 1 << UInt32(count) - 1
        }
        // Else several texts would be one identifier.
        guard count < 5, bits == 0 else { throw error(text, "is cut off, or ends in bits that belong to nothing") }
        return binary
    }

    // MARK: The identifier itself

    private static func hash(_ text: String, _ binary: [UInt8]) throws(OCIError) -> ArraySlice<UInt8> {
        var rest = binary[...]
        let version = try varint(text, &rest)
        guard version == 1 else { throw error(text, "is of version \(version)") }
        let codec = try varint(text, &rest)
        guard codec == 0x55 else {
            throw error(
                text,
                "has the codec \(name(of: codec, codecs)), which names a document of IPFS and not the bytes themselves")
        }
        let function = try varint(text, &rest)
        guard function == 0x12 else { throw error(text, "is made with the hash \(name(of: function, hashes))") }
        let length = try varint(text, &rest)
        guard length == 32, rest.count == 32 else {
            throw error(text, "has \(rest.count) bytes of hash and says \(length); sha2-256 has 32")
        }
        return rest
    }

    /// An unsigned varint as multiformats has it: at most nine bytes, and no longer than it must be.
    private static func varint(_ text: String, _ rest: inout ArraySlice<UInt8>) throws(OCIError) -> UInt64 {
        var value: UInt64 = 0
        for position in 0..<9 {
            guard let byte = rest.popFirst() else { throw error(text, "is cut off") }
            value |= UInt64(byte & 0x7f) << UInt64(7 * position)
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || position == 0 else { break }
            return value
        }
        throw error(text, "has a number in it that is written longer than it is")
    }

    private static let codecs: [UInt64: String] = [
        0x70: "dag-pb", 0x71: "dag-cbor", 0x72: "libp2p-key", 0x78: "git-raw", 0x0129: "dag-json", 0x0200: "json",
    ]
    private static let hashes: [UInt64: String] = [
        0x00: "identity", 0x11: "sha1", 0x13: "sha2-512", 0x16: "sha3-256", 0x1e: "blake3", 0xb220: "blake2b-256",
    ]

    private static func name(of code: UInt64, _ names: [UInt64: String]) -> String {
        names[code] ?? "0x" + String(code, radix: 16)
    }

    private static func error(_ text: String, _ fault: String) -> OCIError {
        OCIError(
            code: .contentIdentifierInvalid,
            message: "CID \(Excerpt(text)) \(fault); "
                + "understood is CIDv1 with codec raw and sha2-256 in lower-case base32: \(length) characters, bafkrei…"
        )
    }
}
