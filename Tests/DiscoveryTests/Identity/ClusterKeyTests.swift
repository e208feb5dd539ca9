import Glibc
import SystemPackage
import Testing

@testable import Discovery

@Suite struct ClusterKeyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a generated key can be loaded, by nobody but its owner")
    func generated() throws {
        let path = folder.path.appending("cluster.key")
        try ClusterKey.write(to: path)
        #expect(try path.stat().permissions == [.ownerReadWrite])
        let key = try ClusterKey.load(path: path)
        #expect(key.clusterID.count == 8)
        #expect(key.all.count == 1)
    }

    @Test("two generated keys differ")
    func unique() throws {
        #expect(ClusterKey.generate() != ClusterKey.generate())
    }

    @Test("a key that is there is not overwritten")
    func overwrite() throws {
        let path = try folder.write("mine", to: "cluster.key")
        let error = #expect(throws: DiscoveryError.self) { try ClusterKey.write(to: path) }
        #expect(error?.code == .keyUnusable)
        #expect(try folder.read("cluster.key") == "mine")
    }

    @Test("base64 and hexadecimal, comments and several keys are read; the first is used")
    func formats() throws {
        let hex = String(repeating: "ab", count: 32)
        let base64 = String(repeating: "q6ur", count: 10) + "q6s="
        let fromHex = try ClusterKey(text: hex)
        let fromBase64 = try ClusterKey(text: "# a comment\n\n  \(base64)  # the same\n")
        #expect(fromHex.clusterID == fromBase64.clusterID)
        let two = try ClusterKey(text: "\(base64)\r\n\(String(repeating: "cd", count: 32))\n")
        #expect(two.all.count == 2)
        #expect(two.clusterID == fromHex.clusterID)
    }

    @Test(
        "what is no key is refused, and no line of it is quoted",
        arguments: [
            "", "# nothing\n", "c2hvcnQ=", "secret-not-a-key!", "two words",
            (0..<9).map { String(repeating: "0\($0)", count: 32) }.joined(separator: "\n"),
        ])
    func refused(text: String) throws {
        let error = #expect(throws: DiscoveryError.self) { try ClusterKey(text: text) }
        #expect(error?.code == .keyUnusable)
        for word in text.split(whereSeparator: \.isWhitespace) where word.count > 4 {
            #expect(error?.message.contains(word) == false)
        }
    }

    @Test(
        "a file that others can read is refused, unless root hands it to a group",
        arguments: [
            (0o600, 1000, true), (0o400, 1000, true), (0o640, 0, true), (0o440, 0, true), (0o640, 1000, false),
            (0o644, 0, false), (0o660, 0, false), (0o604, 1000, false), (0o602, 0, false),
        ] as [(UInt32, UInt32, Bool)])
    func exposure(mode: UInt32, owner: UInt32, isAllowed: Bool) {
        #expect((ClusterKey.exposure(mode: mode, owner: owner) == nil) == isAllowed)
    }

    @Test("the error about an exposed file says how to mend it")
    func exposedFile() throws {
        let path = try folder.write(ClusterKey.generate(), to: "open.key")
        #expect(chmod(path.string, 0o644) == 0)
        let error = #expect(throws: DiscoveryError.self) { try ClusterKey.load(path: path) }
        #expect(error?.message.contains("chmod 600 \(path)") == true)
    }

    @Test("a key never prints itself")
    func redacted() throws {
        let key = try ClusterKey(text: String(repeating: "ab", count: 32))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains("redacted"))
            #expect(!text.contains("171") && !text.lowercased().contains("ab, "))
        }
    }

    @Test("another key has another cluster id, and its parts differ by purpose")
    func derived() throws {
        #expect(try Samples.key(1).clusterID != Samples.key(2).clusterID)
        let parts = try Samples.key(1).current
        #expect(Set([parts.beacon, parts.request, parts.proof]).count == 3)
    }
}
