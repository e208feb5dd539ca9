import FoundationEssentials
import OCI
import Testing

@testable import Agent

@Suite struct PullEventTests {
    private static let digest = "sha256:" + String(repeating: "01", count: 32)

    private static func events() throws -> [(PullEvent, String)] {
        [
            (
                .begin(PullSamples.beginning),
                #"{"event":"begin","image":"docker.io/library/nginx:latest","into":"containerd","namespace":"k8s.io","#
                    + #""platform":"linux/amd64","schema":1,"snapshotter":"overlayfs","#
                    + #""socket":"/run/containerd/containerd.sock"}"#
            ),
            (
                .image(PulledImage(digest: try PullSamples.digest(1), platforms: ["linux/amd64"], blobs: [], size: 7)),
                #"{"blobs":[],"digest":"\#(digest)","event":"image","platforms":["linux/amd64"],"size":7}"#
            ),
            (
                .blob(
                    try PullSamples.blob(
                        1, 10, .layer, .downloading, done: 5, rate: 2,
                        sources: [.init(kind: "peer", id: "ab", name: "node-2", bytes: 5)])),
                #"{"digest":"\#(digest)","done":5,"event":"blob","kind":"layer","rate":2,"size":10,"#
                    + #""sources":[{"bytes":5,"id":"ab","kind":"peer","name":"node-2"}],"state":"downloading"}"#
            ),
            (
                .progress(PullProgress(done: 5, size: 10, rate: 2, seconds: 2.5, secondsLeft: 3)),
                #"{"done":5,"event":"progress","rate":2,"seconds":2.5,"seconds_left":3,"size":10}"#
            ),
            (
                .end(try PullSamples.summary()),
                #"{"blobs":5,"bytes":{"peers":180000000,"present":10000000,"store":0,"upstream":30000000},"#
                    + #""digest":"\#(digest)","event":"end","image":"docker.io/library/nginx:latest","#
                    + #""seconds":7.4,"size":220000000,"unpacked":true}"#
            ),
            (
                .error(PullFailure(code: .noPlatform, reason: "it is not for it", mend: "name another")),
                #"{"code":"no_platform","event":"error","mend":"name another","reason":"it is not for it"}"#
            ),
        ]
    }

    @Test("each event is an object of one line, and is read back")
    func lines() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for (event, json) in try Self.events() {
            #expect(String(decoding: try encoder.encode(event), as: UTF8.self) == json)
            #expect(try JSONDecoder().decode(PullEvent.self, from: Data(json.utf8)) == event)
        }
    }

    // MARK: The question

    @Test(
        "what is wanted goes to the agent as it was said",
        arguments: [
            PullQuery.Platforms?.none, .all, .one(Platform(os: "linux", architecture: "arm", variant: "v7")),
        ])
    func query(platforms: PullQuery.Platforms?) throws {
        let query = try PullQuery(
            image: ImageReference(normalizing: "ghcr.io/a/b:1"), platforms: platforms, place: .containerd,
            namespace: ContainerdNamespace(text: "k8s.io"), snapshotter: "native", unpacks: false)
        #expect(try PullQuery(Query(query.text)) == query)
        let plain = try PullQuery(image: ImageReference(normalizing: "nginx"))
        #expect(try PullQuery(Query(plain.text)) == plain)
        #expect(plain.image.description == "docker.io/library/nginx:latest")
    }

    @Test("of a tag and a digest the digest decides, as for containerd and the CRI")
    func digestDecides() throws {
        let query = try PullQuery(image: ImageReference(normalizing: "nginx:1@\(Self.digest)"))
        #expect(query.image.description == "docker.io/library/nginx@\(Self.digest)")
    }

    @Test(
        "what makes no sense is refused with the reason",
        arguments: [
            ("", "name an image"), ("image=UPPER%2Fcase", "UPPER"), ("image=localhost:5050/a", "names no registry"),
            ("image=nginx&platform=amd64", "linux/arm64"), ("image=nginx&into=docker", "containerd or store"),
            ("image=nginx&namespace=-", "namespace"), ("image=nginx&unpack=maybe", "yes or no"),
            ("image=nginx&image=b", "twice"),
        ])
    func nonsense(query: String, words: String) {
        let error = #expect(throws: (any Error).self) { try PullQuery(Query(query)) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(words))
    }
}
