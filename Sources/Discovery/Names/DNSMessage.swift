/// A question for SRV records and the answer to it (RFC 1035, RFC 2782): as much of DNS as that takes, checked and bounded.
struct DNSMessage: Sendable, Equatable {
    /// A place that an SRV record names.
    struct Service: Hashable, Sendable {
        var priority: UInt16
        var weight: UInt16
        var port: UInt16
        var target: String
    }

    static let largest = 4096
    private static let srv: UInt16 = 33
    private static let internet: UInt16 = 1
    static let mostRecords = 64
    /// Bytes of a name; compression could make more of a few.
    static let longestName = 253
    /// Compression pointers followed in one name; a loop has more.
    private static let mostJumps = 16

    var id: UInt16
    /// 0 where there was no error, 3 where there is no such name.
    var responseCode: UInt8
    var services: [Service]

    // MARK: Asking

    /// Nil for what is no name.
    static func question(_ name: String, id: UInt16) -> [UInt8]? {
        guard let encoded = encode(name) else { return nil }
        // Recursion desired; one question.
        var bytes = id.bigEndianBytes + [1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        bytes += encoded + srv.bigEndianBytes + internet.bigEndianBytes
        return bytes
    }

    private static func encode(_ name: String) -> [UInt8]? {
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= longestName, !labels.isEmpty, labels.allSatisfy({ (1...63).contains($0.utf8.count) })
        else {
            return nil
        }
        return labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    // MARK: Being answered

    /// Nil for what is no answer to the question.
    init?(_ bytes: [UInt8], to question: [UInt8]) {
        guard bytes.count >= question.count, bytes.count <= Self.largest, question.count > 12,
            bytes[..<2] == question[..<2], bytes[2] & 0x80 != 0,
            // The question comes back as it was, which a guesser of ids does not know.
            bytes[4..<6] == [0, 1], bytes[12..<question.count] == question[12...]
        else { return nil }
        id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        responseCode = bytes[3] & 0x0f
        services = []
        let records = Int(bytes[6]) << 8 | Int(bytes[7])
        var position = question.count
        for _ in 0..<min(records, Self.mostRecords) {
            guard let (_, afterName) = Self.name(in: bytes, at: position), afterName + 10 <= bytes.count else {
                return nil
            }
            let type = bytes.number(at: afterName)
            let length = Int(bytes.number(at: afterName + 8))
            let data = afterName + 10
            guard data + length <= bytes.count else { return nil }
            if type == Self.srv, length > 6, let (target, end) = Self.name(in: bytes, at: data + 6),
                end <= data + length
            {
                services.append(
                    Service(
                        priority: bytes.number(at: data), weight: bytes.number(at: data + 2),
                        port: bytes.number(at: data + 4), target: target))
            }
            position = data + length
        }
    }

    /// The name at a place, and where what follows it begins.
    private static func name(in bytes: [UInt8], at start: Int) -> (String, end: Int)? {
        var labels: [String] = []
        var position = start
        var end: Int?
        var jumps = 0
        while position < bytes.count {
            let length = Int(bytes[position])
            switch length >> 6 {
            case 0 where length == 0:
                let name = labels.joined(separator: ".")
                return name.utf8.count <= longestName ? (name, end ?? position + 1) : nil
            case 0:
                guard position + 1 + length <= bytes.count, labels.count < 127 else { return nil }
                let label = bytes[(position + 1)..<(position + 1 + length)]
                guard label.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ".") }) else { return nil }
                labels.append(String(decoding: label, as: UTF8.self))
                position += 1 + length
            case 3:
                guard position + 1 < bytes.count, jumps < mostJumps else { return nil }
                end = end ?? position + 2
                jumps += 1
                position = (length & 0x3f) << 8 | Int(bytes[position + 1])
            default:
                return nil
            }
        }
        return nil
    }
}

extension [UInt8] {
    /// Two bytes in network order; the caller has checked that they are there.
    fileprivate func number(at index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index + 1]) }
}

extension UInt16 {
    fileprivate var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}
