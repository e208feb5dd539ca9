/// What a DNS server answers, and what `/etc/resolv.conf` says. An answer is looked at as it came, and as one to the question of this
/// target, which guessing would never find.
enum ResolverTarget: FuzzTarget {
    private static let question = DNSMessage.question("_shoal._tcp.example.com", id: 0x1234) ?? []

    static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        check(bytes)
        if bytes.count > 4 {
            var answer = question
            answer[2] |= 0x80
            answer[3] = bytes[0]
            answer.replaceSubrange(6..<8, with: bytes[1..<3])
            check(answer + bytes[3...])
        }
        let file = ResolverFile(text: String(decoding: input, as: UTF8.self))
        require((1...ResolverFile.mostServers).contains(file.servers.count), "\(file.servers.count) servers")
    }

    private static func check(_ answer: [UInt8]) {
        guard let message = DNSMessage(answer, to: question) else { return }
        require(message.id == 0x1234, "an answer to another question")
        require(message.services.count <= DNSMessage.mostRecords, "\(message.services.count) services")
        for service in message.services {
            require(service.target.utf8.count <= DNSMessage.longestName, "a name of \(service.target.utf8.count) bytes")
            require(service.target.utf8.allSatisfy { (0x21...0x7e).contains($0) }, "no name: \(service.target)")
        }
    }
}
