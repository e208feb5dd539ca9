/// A TXT record as mDNS brings it: strings, each after a byte with its length.
enum RecordTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        var strings: [[UInt8]] = []
        var rest = input[...]
        while let length = rest.popFirst() {
            strings.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        guard let record = try? MDNSRecord(strings: strings) else { return }
        let written = record.strings
        require(
            written.allSatisfy { $0.count <= MDNSLimits.string }
                && written.reduce(0) { $0 + 1 + $1.count } <= MDNSLimits.record, "a record larger than DNS takes")
        guard let read = try? MDNSRecord(strings: written) else { fail("what was written cannot be read: \(record)") }
        require(read.id == record.id && read.version == record.version, "what was written reads otherwise: \(record)")
    }
}
