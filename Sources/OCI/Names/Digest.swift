/// A content digest of the OCI image specification: `sha256:` and 64, or `sha512:` and 128 lower-case hex digits.
///
/// Kept as machine words; a SHA-256 digest needs no heap allocation, so that a directory of many thousands stays small.
public struct Digest: TextualValue {
    /// The registered algorithms that content may be addressed by.
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256
        case sha512

        /// Length of the hash in bytes.
        public var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }
    }

    /// What the hash was made with.
    public let algorithm: Algorithm
    // Big-endian, so that the order of words is the order of the text.
    private let word0, word1, word2, word3: UInt64
    /// The words after the first four: SHA-512 has four more, SHA-256 none.
    private let rest: [UInt64]

    /// Parses `algorithm:hex`.
    /// - Throws: `.digestInvalid` for an algorithm other than sha256 and sha512, a wrong length, or any other digit.
    public init(_ text: some StringProtocol) throws(OCIError) {
        let utf8 = String(text).utf8
        guard let colon = utf8.firstIndex(of: .colon) else {
            throw OCIError(
                code: .digestInvalid,
                message: "digest \(Excerpt(text)) has no colon; write algorithm:hex, as in sha256:…")
        }
        let name = Substring(utf8[..<colon])
        guard let algorithm = Algorithm(rawValue: String(name)) else {
            let supported = Algorithm.allCases.map(\.rawValue).joined(separator: " and ")
            throw OCIError(
                code: .digestInvalid,
                message: "digest algorithm \(Excerpt(name)) is not supported; supported are \(supported)")
        }
        let digits = utf8[utf8.index(after: colon)...]
        guard digits.count == algorithm.byteCount * 2 else {
            throw OCIError(
                code: .digestInvalid,
                message: "digest \(Excerpt(text)) has \(digits.count) digits; "
                    + "\(algorithm.rawValue) has \(algorithm.byteCount * 2)")
        }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var rest: [UInt64] = []
        var word: UInt64 = 0
        for (position, digit) in digits.enumerated() {
            guard let value = digit.hexValue, !digit.isASCIIUpper else {
                throw OCIError(
                    code: .digestInvalid,
                    message: "digest \(Excerpt(text)) has a character that is not a lower-case hexadecimal digit")
            }
            word = word << 4 | UInt64(value)
            guard position % 16 == 15 else { continue }
            Self.place(word, at: position / 16, in: &words, and: &rest)
            word = 0
        }
        self.init(algorithm: algorithm, words: words, rest: rest)
    }

    /// Makes a digest of the hash itself.
    /// - Throws: `.digestInvalid` unless there are exactly `algorithm.byteCount` bytes.
    public init(algorithm: Algorithm, bytes: some Collection<UInt8>) throws(OCIError) {
        guard bytes.count == algorithm.byteCount else {
            throw OCIError(
                code: .digestInvalid,
                message: "\(bytes.count) bytes are no \(algorithm.rawValue) hash; it has \(algorithm.byteCount)")
        }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var rest: [UInt64] = []
        var word: UInt64 = 0
        for (position, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(byte)
            guard position % 8 == 7 else { continue }
            Self.place(word, at: position / 8, in: &words, and: &rest)
            word = 0
        }
        self.init(algorithm: algorithm, words: words, rest: rest)
    }

    private init(algorithm: Algorithm, words: (UInt64, UInt64, UInt64, UInt64), rest: [UInt64]) {
        self.algorithm = algorithm
        (word0, word1, word2, word3) = words
        self.rest = rest
    }

    private static func place(
        _ word: UInt64, at index: Int, in words: inout (UInt64, UInt64, UInt64, UInt64), and rest: inout [UInt64]
    ) {
        switch index {
        case 0: words.0 = word
        case 1: words.1 = word
        case 2: words.2 = word
        case 3: words.3 = word
        default: rest.append(word)
        }
    }

    /// The first 32 bytes as big-endian words, all there is of SHA-256: for tables of many thousands.
    public var leadingWords: (UInt64, UInt64, UInt64, UInt64) { (word0, word1, word2, word3) }

    /// The hash: 32 bytes for SHA-256, 64 for SHA-512.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) { buffer, count in
            forEachByte { byte in
                buffer.initializeElement(at: count, to: byte)
                count += 1
            }
        }
    }

    /// The hash in lower-case hexadecimal digits, without the algorithm.
    public var hex: String { text(prefix: "") }

    /// The first twelve hexadecimal digits, as people tell images apart in tables and logs.
    public var short: String { String(hex.prefix(12)) }

    /// `algorithm:hex`.
    public var description: String {
        switch algorithm {
        case .sha256: text(prefix: "sha256:")
        case .sha512: text(prefix: "sha512:")
        }
    }

    /// SHA-256 before SHA-512, then by the hash: the order of the texts.
    public static func < (left: Digest, right: Digest) -> Bool {
        guard left.algorithm == right.algorithm else { return left.algorithm == .sha256 }
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        if left.word3 != right.word3 { return left.word3 < right.word3 }
        return left.rest.lexicographicallyPrecedes(right.rest)
    }

    private func text(prefix: StaticString) -> String {
        let length = prefix.utf8CodeUnitCount
        return String(unsafeUninitializedCapacity: length + algorithm.byteCount * 2) { buffer in
            for index in 0..<length {
                buffer.initializeElement(at: index, to: prefix.utf8Start[index])
            }
            var count = length
            forEachByte { byte in
                buffer.initializeElement(at: count, to: .hexDigit(byte >> 4))
                buffer.initializeElement(at: count + 1, to: .hexDigit(byte & 15))
                count += 2
            }
            return count
        }
    }

    private func forEachByte(_ body: (UInt8) -> Void) {
        func visit(_ word: UInt64) {
            for shift in stride(from: 56, through: 0, by: -8) { body(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        visit(word0)
        visit(word1)
        visit(word2)
        visit(word3)
        rest.forEach(visit)
    }
}
