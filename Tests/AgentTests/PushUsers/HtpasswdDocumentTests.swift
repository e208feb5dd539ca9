import Testing

@testable import Agent

@Suite struct HtpasswdDocumentTests {
    /// `htpasswd -nbB -C 4 alice wonderland`, and of carol `pass:word` with a cost of 5.
    static let alice = "alice:$2y$04$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdEK"
    static let carol = "carol:$2y$05$zmhayWA2s6ozd8N23eBwiuNZJcUVlY2akjlgj53HDcIfvjiHcAPj2"

    private static func read(_ text: String) -> HtpasswdDocument { HtpasswdDocument(Array(text.utf8)) }

    @Test("users are read past comments, empty lines, remarks and line ends of Windows")
    func users() {
        let document = Self.read("# users\n\n\(Self.alice)\r\n  \(Self.carol):Carol's\n")
        #expect(document.users.keys.sorted() == ["alice", "carol"])
        #expect(document.users["alice"]?.matches("wonderland") == true)
        #expect(document.users["carol"]?.matches("pass:word") == true)
        #expect(document.users["carol"]?.cost == 5)
        #expect(document.faults == [])
    }

    @Test(
        "a line of another kind is told with its number and its mend, and without its hash",
        arguments: [
            ("bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "not bcrypt's"),
            ("bob:$apr1$sLRSZ.OH$X8xPGG1t1VXg5XsW0xUA3.", "not bcrypt's"),
            ("bob:rqXexS6ZhobKA", "not bcrypt's"),
            ("bob:wonderland", "not bcrypt's"),
            ("bob:", "not bcrypt's"),
            ("bob:$2x$04$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdEK", "not bcrypt's"),
            ("bob:$2y$04$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdE", "no whole bcrypt hash"),
            ("bob:$2y$04$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWm=EK", "no whole bcrypt hash"),
            ("bob:$2y$31$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdEK", "cost from 4 to 16"),
            ("bob:$2y$03$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdEK", "cost from 4 to 16"),
            ("bob", "not user:hash"), (":x", "not user:hash"),
            ("alice:$2y$04$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdEK", "in the file before"),
        ])
    func faults(line: String, word: String) throws {
        let document = Self.read("\(Self.alice)\n\(line)\n\(Self.carol)")
        #expect(document.users.keys.sorted() == ["alice", "carol"])
        let fault = try #require(document.faults.first)
        #expect(document.faults.count == 1)
        #expect(fault.line == 2)
        #expect(fault.text.contains(word))
        let hash = line.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        #expect(hash.count < 3 || !fault.text.contains(hash))
    }

    @Test("of two lines for a user the first counts")
    func twice() {
        let other = Self.carol.replacing("carol", with: "alice")
        #expect(Self.read("\(Self.alice)\n\(other)").users["alice"]?.matches("wonderland") == true)
    }

    @Test("what is not text has no users")
    func binary() {
        let document = HtpasswdDocument([0xff, 0xfe, 0x3a])
        #expect(document.users.isEmpty)
        #expect(document.faults.count == 1)
    }
}

@Suite struct BcryptHashTests {
    private static let wonderland = "04$q2AVCm0Hqg.TjE6OvXTg1OZ2WfZBJrkgAHUel5b/yrplm4fxWmdEK"

    @Test("the three kinds of bcrypt that are the same today all match", arguments: ["a", "b", "y"])
    func kinds(kind: String) throws {
        let hash = try #require(BcryptHash("$2\(kind)$\(Self.wonderland)"))
        #expect(hash.matches("wonderland"))
    }

    @Test(
        "another password does not match",
        arguments: [
            "", "Wonderland", "wonderland ", "wonderlan", "wonderlandwonderland", String(repeating: "x", count: 5000),
        ]
    )
    func others(password: String) throws {
        let hash = try #require(BcryptHash("$2y$\(Self.wonderland)"))
        #expect(!hash.matches(password))
    }

    @Test("a hash never prints, and the decoy is nobody's")
    func redacted() throws {
        let hash = try #require(BcryptHash("$2y$\(Self.wonderland)"))
        var dumped = ""
        dump(hash, to: &dumped)
        for text in ["\(hash)", String(reflecting: hash), dumped] { #expect(!text.contains("WfZB")) }
        #expect(BcryptHash.decoy.cost == 10)
        #expect(!BcryptHash.decoy.matches(""))
    }
}
