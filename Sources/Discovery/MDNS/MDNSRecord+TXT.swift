// RFC 6763 §6: a TXT record is a list of strings `key=value`; keys are printable ASCII in either case, the first of two equal ones
// counts, unknown ones are ignored.

extension MDNSRecord {
    private enum Key {
        static let protocolVersion = "protocol"
        static let id = "id"
        static let name = "name"
        static let epoch = "epoch"
        static let version = "version"
        static let cluster = "cluster"
        static let newest = "new"
    }

    // MARK: Writing

    /// The strings of the record, with as many digests as fit.
    var strings: [[UInt8]] {
        var strings = [
            "\(Key.protocolVersion)=\(MDNSLimits.version)", "\(Key.id)=\(id.hex)", "\(Key.epoch)=\(epoch)",
            "\(Key.version)=\(version)", "\(Key.cluster)=\(Hex.string(cluster))",
            "\(Key.name)=\(PrintableName(fitting: name).text)",
        ].map { Array($0.utf8) }
        var room = MDNSLimits.record - strings.reduce(0) { $0 + 1 + $1.count }
        var digests = newest[...]
        for number in 1...MDNSLimits.digestStrings where !digests.isEmpty {
            let key = Array("\(Key.newest)\(number)=".utf8)
            let fitting = (room - 1 - key.count) / DigestPrefix.digits
            let some = digests.prefix(min(fitting, MDNSLimits.digestsPerString))
            guard !some.isEmpty else { break }
            strings.append(key + some.flatMap { Array(Hex.string($0.bytes).utf8) })
            room -= 1 + key.count + some.count * DigestPrefix.digits
            digests = digests.dropFirst(some.count)
        }
        return strings
    }

    // MARK: Reading

    /// Reads what somebody on the LAN has written: all of it holds, or none of it is taken.
    init(strings: [[UInt8]]) throws(MDNSDrop) {
        let values = try Self.values(of: strings)
        func required(_ key: String) throws(MDNSDrop) -> String {
            guard let value = values[key] else { throw .incomplete }
            return value
        }
        func number(_ key: String) throws(MDNSDrop) -> UInt64 {
            let text = try required(key)
            guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = UInt64(text)
            else { throw .invalidField }
            return number
        }

        guard try required(Key.protocolVersion) == MDNSLimits.version else { throw .otherVersion }
        guard let id = NodeID(hex: try required(Key.id)) else { throw .invalidField }
        let epoch = try number(Key.epoch)
        guard epoch > 0 else { throw .invalidField }
        guard let cluster = Hex.bytes(values[Key.cluster] ?? ""), cluster.isEmpty || cluster.count == 8 else {
            throw .invalidField
        }
        guard let name = PrintableName(values[Key.name] ?? "") else { throw .invalidField }
        self.init(
            id: id, name: name.text, epoch: epoch, version: try number(Key.version), cluster: cluster,
            newest: try Self.digests(in: values))
    }

    private static func digests(in values: [String: String]) throws(MDNSDrop) -> [DigestPrefix] {
        var newest: [DigestPrefix] = []
        for number in 1...MDNSLimits.digestStrings {
            guard let text = values["\(Key.newest)\(number)"] else { break }
            guard let bytes = Hex.bytes(text), bytes.count.isMultiple(of: DigestPrefix.byteCount) else {
                throw .invalidField
            }
            for start in stride(from: 0, to: bytes.count, by: DigestPrefix.byteCount) {
                guard let prefix = DigestPrefix(bytes: bytes[start..<start + DigestPrefix.byteCount]) else {
                    throw .invalidField
                }
                newest.append(prefix)
            }
        }
        return newest
    }

    private static func values(of strings: [[UInt8]]) throws(MDNSDrop) -> [String: String] {
        guard strings.count <= MDNSLimits.strings,
            strings.reduce(0, { $0 + 1 + $1.count }) <= MDNSLimits.record
        else { throw .oversized }
        var values: [String: String] = [:]
        for string in strings where !string.isEmpty {
            let key = string.prefix { $0 != UInt8(ascii: "=") }
            guard !key.isEmpty, key.allSatisfy({ (0x20...0x7e).contains($0) }) else { throw .malformed }
            let name = String(decoding: key, as: UTF8.self).lowercased()
            guard values[name] == nil else { continue }
            // A value of a key that is not known may be anything; what is not text matches nothing that is.
            values[name] = String(decoding: string.dropFirst(key.count + 1), as: UTF8.self)
        }
        return values
    }
}
