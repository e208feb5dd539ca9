import FoundationEssentials
import OCI
import Testing

@testable import Agent

struct LoadEventTests {
    private static func events() throws -> [(LoadEvent, String)] {
        let digest = "sha256:" + String(repeating: "ab", count: 32)
        return [
            (.begin(LoadBeginning()), #"{"event":"begin","schema":1}"#),
            (.progress(LoadProgress(bytes: 5, seconds: 1.5)), #"{"bytes":5,"event":"progress","seconds":1.5}"#),
            (
                .image(
                    LoadedImage(
                        name: "localhost:5050/a:1", digest: try PullSamples.digest(0xab), mediaType: .ociManifest,
                        size: 7,
                        blobs: 3, platforms: ["linux/amd64"])),
                #"{"blobs":3,"digest":"\#(digest)","event":"image","#
                    + #""media_type":"application/vnd.oci.image.manifest.v1+json","name":"localhost:5050/a:1","#
                    + #""platforms":["linux/amd64"],"size":7}"#
            ),
            (
                .end(LoadSummary(images: 1, names: 2, bytes: 9, seconds: 0.5)),
                #"{"bytes":9,"event":"end","images":1,"names":2,"seconds":0.5}"#
            ),
            (
                .error(LoadFailure(code: .noSpace, reason: "full", mend: "make room")),
                #"{"code":"no_space","event":"error","mend":"make room","reason":"full"}"#
            ),
        ]
    }

    @Test("events are the JSON that the documentation shows, and read as they were", arguments: 0..<5)
    func json(number: Int) throws {
        let (event, json) = try Self.events()[number]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: try encoder.encode(event), as: UTF8.self) == json)
        #expect(try JSONDecoder().decode(LoadEvent.self, from: Data(json.utf8)) == event)
    }

    @Test("a terminal sees how far it is, and a line for each image")
    func text() throws {
        let events = try Self.events()
        var text = LoadText(length: 200_000_000)
        #expect(
            text.line(events[2].0) == "localhost:5050/a:1  sha256:" + String(repeating: "ab", count: 32) + "  7 B\n")
        #expect(text.line(events[3].0).isEmpty)
        #expect(
            text.progress(.progress(LoadProgress(bytes: 50_000_000, seconds: 2)))
                == "25%  50.0 MB of 200 MB  25.0 MB/s")
        #expect(
            text.progress(.progress(LoadProgress(bytes: 250_000_000, seconds: 3))) == "100%  250 MB of 200 MB  200 MB/s"
        )
        #expect(text.progress(events[3].0) == nil)
        var unknown = LoadText(length: nil)
        #expect(unknown.progress(.progress(LoadProgress(bytes: 1000, seconds: 1))) == "1.0 kB  1.0 kB/s")
    }

    @Test("what an image is called cannot drive a terminal")
    func hostile() throws {
        let image = LoadedImage(
            name: "a\u{1b}[2J", digest: try Digest("sha256:" + String(repeating: "ab", count: 32)),
            mediaType: .ociManifest, size: 1, blobs: 1, platforms: [])
        #expect(!LoadText(length: nil).line(.image(image)).contains("\u{1b}"))
    }
}
