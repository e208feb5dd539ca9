import FoundationEssentials
import OCI
import Testing

@testable import Agent

@Suite struct VerifyEventTests {
    static func fault(_ kind: VerifyFault.Kind = .damaged) throws -> VerifyFault {
        VerifyFault(
            digest: try Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xab, count: 32)), size: 1_234_567,
            fault: kind, reason: "its bytes are others", place: .containerd,
            images: [BlobOwner(namespace: "default", name: "docker.io/library/nginx:1\u{1b}[2J")], imageCount: 3,
            mend: ["ctr -n default content rm x"], note: "other nodes are not offered it")
    }

    private static let digest = "sha256:" + String(repeating: "ab", count: 32)

    @Test(
        "each event is an object of one line, and is read back",
        arguments: [
            (
                VerifyEvent.begin(VerifyScope(query: "everything", blobs: 2, bytes: 3)),
                #"{"blobs":2,"bytes":3,"event":"begin","query":"everything","schema":1}"#
            ), (.progress(VerifyProgress(blobs: 1, bytes: 2)), #"{"blobs":1,"bytes":2,"event":"progress"}"#),
            (
                .end(VerifySummary()),
                #"{"bytes":0,"damaged":0,"event":"end","gone":0,"intact":0,"missing":0,"seconds":0,"unreadable":0}"#
            ),
        ])
    func lines(event: VerifyEvent, json: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(event), as: UTF8.self) == json)
        #expect(try JSONDecoder().decode(VerifyEvent.self, from: Data(json.utf8)) == event)
    }

    @Test("a fault names images, commands and what is wrong")
    func fault() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let event = VerifyEvent.fault(try Self.fault())
        let json = String(decoding: try encoder.encode(event), as: UTF8.self)
        #expect(json.contains(#""event":"fault","fault":"damaged","image_count":3,"images":[{"name":"docker.io/"#))
        #expect(json.contains(#""mend":["ctr -n default content rm x"]"#))
        #expect(try JSONDecoder().decode(VerifyEvent.self, from: Data(json.utf8)) == event)
    }

    @Test("fields of a newer agent are no hindrance")
    func newer() throws {
        let json = #"{"event":"progress","blobs":1,"bytes":2,"watts":3}"#
        #expect(
            try JSONDecoder().decode(VerifyEvent.self, from: Data(json.utf8))
                == .progress(VerifyProgress(blobs: 1, bytes: 2)))
    }

    // MARK: As text

    @Test("on a terminal the bar is drawn over, and makes room for what is found")
    func live() throws {
        var text = VerifyText(.plain, isLive: true)
        _ = text.render(.begin(VerifyScope(query: "everything", blobs: 4, bytes: 1000)))
        #expect(
            text.render(.progress(VerifyProgress(blobs: 2, bytes: 500)))
                == "\r\u{1b}[K[###############---------------] 50%  2/4  500 B of 1.0 kB")
        #expect(text.render(.fault(try Self.fault())).hasPrefix("\r\u{1b}[Kdamaged  sha256:abab"))
        #expect(text.breakOff().isEmpty)
    }

    @Test("elsewhere there are lines: what is read, what is at fault, what came of it; names drive no terminal")
    func plain() throws {
        var text = VerifyText(.plain, isLive: false)
        var summary = VerifySummary()
        summary.intact = 3
        summary.damaged = 1
        summary.bytes = 1000
        summary.seconds = 5
        let shown = [
            VerifyEvent.begin(VerifyScope(query: "everything", blobs: 4, bytes: 1000)),
            .progress(VerifyProgress(blobs: 2, bytes: 500)), .fault(try Self.fault()), .end(summary),
        ].map { text.render($0) }.joined()
        #expect(
            shown == """
                Verifying everything: 4 blobs, 1.0 kB
                damaged  \(Self.digest)  1.2 MB, in containerd: its bytes are others
                  image  docker.io/library/nginx:1\\u{1b}[2J (namespace default)
                  image  and 2 more
                  mend   ctr -n default content rm x
                  note   other nodes are not offered it
                3 intact, 1 damaged; read 1.0 kB in 5 s

                """)
    }

    @Test("nothing to read is no error")
    func nothing() {
        var text = VerifyText(.plain, isLive: true)
        _ = text.render(.begin(VerifyScope(query: "everything", blobs: 0, bytes: 0)))
        #expect(text.render(.progress(VerifyProgress(blobs: 0, bytes: 0))).contains("100%  0/0"))
    }

    @Test("lines are cut where they end, however the bytes come, and have a bound")
    func splitting() throws {
        var lines = LineSplitter(limit: 4)
        #expect(try lines.add("a".utf8).isEmpty)
        #expect(try lines.add("b\nc\n\nd".utf8) == [Array("ab".utf8), Array("c".utf8), []])
        #expect(lines.rest == Array("d".utf8))
        #expect(throws: AdminClientError.self) { try lines.add("efgh".utf8) }
    }
}
