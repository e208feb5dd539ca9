import OCI
import Testing

struct ManifestDocumentTests {
    private static let config = descriptor("application/vnd.oci.image.config.v1+json")
    private static let layer = descriptor("application/vnd.oci.image.layer.v1.tar+gzip", size: 2)
    private static let manifest = document(
        #""mediaType":"\#(MediaType.ociManifest)","config":\#(config),"layers":[\#(layer)]"#)
    private static let index = document(
        #""mediaType":"\#(MediaType.ociIndex)","manifests":[\#(descriptor(MediaType.ociManifest.rawValue))]"#)

    private static func descriptor(_ mediaType: String, size: Int = 1, and more: String = "") -> String {
        #"{"mediaType":"\#(mediaType)","digest":"\#(sampleDigest)","size":\#(size)\#(more)}"#
    }

    private static func document(_ members: String) -> String { #"{"schemaVersion":2,\#(members)}"# }

    private func read(_ text: String, as type: MediaType? = nil) throws(OCIError) -> ManifestDocument {
        try ManifestDocument(bytes: Array(text.utf8), mediaType: type)
    }

    private func reason(_ text: String, as type: MediaType? = nil) -> String? {
        let error = refusal { () throws(OCIError) in try read(text, as: type) }
        if let error { #expect(error.code == .manifestInvalid) }
        return error?.message
    }

    @Test(
        "a manifest's bytes are kept and its blobs are told",
        arguments: [MediaType.ociManifest, nil, .json, .octetStream])
    func manifest(type: MediaType?) throws {
        let document = try read(Self.manifest, as: type)
        #expect(document.bytes == Array(Self.manifest.utf8))
        #expect(document.mediaType == .ociManifest)
        #expect(document.blobs.map(\.size) == [1, 2])
        #expect(document.blobs.map(\.mediaType) == [.ociConfig, .ociLayerGzip])
        #expect(document.children.isEmpty)
    }

    @Test("an index's children are told", arguments: [MediaType.ociIndex, nil])
    func index(type: MediaType?) throws {
        let document = try read(Self.index, as: type)
        #expect(document.mediaType == .ociIndex)
        #expect(document.children.map(\.digest.description) == [sampleDigest])
        #expect(document.blobs.isEmpty)
    }

    @Test("Docker's schema 2 is read like OCI's")
    func docker() throws {
        let type = MediaType.dockerManifest
        let text = Self.document(
            #""mediaType":"\#(type)","config":\#(Self.descriptor(MediaType.dockerConfig.rawValue)),"layers":[]"#)
        #expect(try read(text).mediaType == type)
        #expect(try read(text, as: type).blobs.count == 1)
    }

    @Test("a document without media type is told by its shape")
    func shape() throws {
        #expect(try read(Self.document(#""config":\#(Self.config),"layers":[]"#)).mediaType == .ociManifest)
        #expect(try read(Self.document(#""manifests":[]"#)).mediaType == .ociIndex)
        #expect(try read(#"{"schemaVersion":1,"fsLayers":[]}"#).mediaType == .dockerSchema1)
        #expect(try read(#"{"schemaVersion":1,"fsLayers":[],"signatures":[]}"#).mediaType == .dockerSchema1Signed)
        #expect(
            try read(Self.document(#""config":\#(Self.config),"layers":[]"#), as: .dockerManifest).mediaType
                == .dockerManifest)
    }

    @Test("types that are not read are kept as they are")
    func other() throws {
        let artifact = try #require(MediaType(rawValue: "application/vnd.example.artifact.v1+json"))
        for (text, type) in [
            (#"{"schemaVersion":1,"fsLayers":[]}"#, MediaType.dockerSchema1Signed), ("{\"a\":1,\"a\":2}", artifact),
            ("not JSON at all", artifact), (#"{"mediaType":"\#(artifact)"}"#, artifact),
        ] {
            let document = try read(text, as: type)
            guard case .other = document.kind else {
                Issue.record("\(type) was read")
                continue
            }
            #expect(document.mediaType == type)
            #expect(document.blobs.isEmpty && document.children.isEmpty && document.subject == nil)
        }
        #expect(try read(#"{"mediaType":"\#(artifact)"}"#).mediaType == artifact)
    }

    @Test("foreign layers are not among the blobs")
    func foreign() throws {
        let layers = [
            Self.descriptor(MediaType.dockerForeignLayer.rawValue),
            Self.descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
            Self.descriptor(MediaType.ociLayerGzip.rawValue, and: #","urls":["https://example.com/x"]"#),
            Self.descriptor(MediaType.ociLayerGzip.rawValue, size: 9, and: #","urls":[]"#),
        ].joined(separator: ",")
        let document = try read(Self.document(#""config":\#(Self.config),"layers":[\#(layers)]"#))
        #expect(document.blobs.map(\.size) == [1, 9])
    }

    @Test("everything in a descriptor is decoded")
    func descriptors() throws {
        let platform = #"{"os":"linux","architecture":"arm","variant":"v7","os.version":"1","features":["x"]}"#
        let more = #","annotations":{"a":"b"},"artifactType":"a/b","data":"e30=","platform":\#(platform)"#
        let subject = Self.descriptor(MediaType.ociManifest.rawValue, size: 7)
        let text = Self.document(
            #""manifests":[\#(Self.descriptor(MediaType.ociManifest.rawValue, and: more))],"subject":\#(subject)"#)
        let document = try read(text)
        let child = try #require(document.children.first)
        #expect(child.annotations == ["a": "b"])
        #expect(child.artifactType == MediaType(rawValue: "a/b"))
        #expect(child.data == "e30=")
        #expect(child.platform == Platform(os: "linux", architecture: "arm", variant: "v7", osVersion: "1"))
        #expect(document.subject?.size == 7)
    }

    @Test("what was sent as one type and says it is another is refused")
    func mismatch() {
        #expect(reason(Self.manifest, as: .ociIndex)?.contains("was sent as") == true)
        #expect(reason(Self.manifest, as: .dockerManifest)?.contains("was sent as") == true)
        #expect(reason(Self.index, as: .ociManifest)?.contains("was sent as") == true)
        #expect(reason(Self.manifest, as: .dockerSchema1)?.contains("was sent as") == true)
        #expect(reason(#"{"schemaVersion":2,"mediaType":5,"manifests":[]}"#)?.contains("not a string") == true)
        #expect(reason(#"{"schemaVersion":2,"mediaType":"x","manifests":[]}"#)?.contains("mediaType") == true)
        #expect(reason(#"{"schemaVersion":2,"mediaType":"","manifests":[]}"#)?.contains("mediaType") == true)
    }

    @Test(
        "a document that is a manifest to one reader and an index to another is refused",
        arguments: ["manifests", "Manifests", "MANIFESTS", "manifest\u{17f}", "fsLayers"], [MediaType.ociManifest, nil])
    func ambiguous(key: String, type: MediaType?) {
        let text = Self.document(
            #""mediaType":"\#(MediaType.ociManifest)","config":\#(Self.config),"layers":[],"\#(key)":[]"#)
        #expect(reason(text, as: type)?.contains("belongs to another type") == true)
    }

    @Test(
        "an index has neither layers nor configuration",
        arguments: ["layers", "Layers", "laye\\u0072s", "config", "fslayers"])
    func ambiguousIndex(key: String) {
        #expect(
            reason(Self.document(#""manifests":[],"\#(key)":null"#), as: .ociIndex)?.contains("another type") == true)
        #expect(reason(Self.document(#""mediaType":"\#(MediaType.ociIndex)","manifests":[],"\#(key)":[]"#)) != nil)
    }

    @Test(
        "a key that is there twice is refused, wherever it is and however it is written",
        arguments: [
            #""layers":[],"layers":[]"#, #""layers":[],"Layers":[]"#, #""layers":[],"layer\u0073":[]"#,
            #""layers":[{"digest":"a","digest":"b"}]"#, #""layers":[],"annotations":{"a":"1","a":"2"}"#,
            #""layers":[],"\u212aey":1,"key":2"#,
        ])
    func duplicates(members: String) {
        #expect(reason(Self.document(#""config":\#(Self.config),\#(members)"#))?.contains("is there twice") == true)
    }

    @Test(
        "a document that lacks something or has it wrong is refused with the place",
        arguments: [
            (document(#""config":\#(config)"#), "layers"),
            (document(#""layers":[]"#), "config"),
            (document(#""config":\#(config),"layers":null"#), "layers"),
            (document(#""config":\#(config),"layers":{}"#), "layers"),
            (document(#""config":"x","layers":[]"#), "config"),
            (document(#""config":\#(config),"layers":[{}]"#), "layers[0].mediaType"),
            (document(#""config":\#(config),"layers":[\#(layer),5]"#), "layers[1]"),
            (document(#""config":\#(config),"layers":[\#(descriptor("a/b", size: -1))]"#), "layers[0].size"),
            (document(#""config":\#(config),"layers":[\#(descriptor("nonsense"))]"#), "layers[0].mediaType"),
            (document(#""config":{"mediaType":"a/b","size":1,"digest":"sha256:0"},"layers":[]"#), "config.digest"),
            (document(#""config":{"mediaType":"a/b","size":1},"layers":[]"#), "config.digest"),
            (
                document(#""config":{"mediaType":"a/b","size":"1","digest":"\#(sampleDigest)"},"layers":[]"#),
                "config.size"
            ),
            (#"{"config":\#(config),"layers":[]}"#, "schemaVersion"),
            (#"{"schemaVersion":1,"config":\#(config),"layers":[]}"#, "schemaVersion"),
            (#"{"schemaVersion":"2","config":\#(config),"layers":[]}"#, "schemaVersion"),
        ])
    func wrong(text: String, place: String) {
        #expect(reason(text, as: .ociManifest)?.contains(place) == true)
    }

    @Test(
        "a size that is no whole number of bytes is refused",
        arguments: ["1.5", "9223372036854775808", "1e400", "-1", "null", "true", "\"1\"", "[]"])
    func noSize(size: String) {
        let config = #"{"mediaType":"a/b","size":\#(size),"digest":"\#(sampleDigest)"}"#
        #expect(reason(Self.document(#""config":\#(config),"layers":[]"#)) != nil)
    }

    @Test(
        "what is no JSON object is refused",
        arguments: [
            "", " ", "x", "null", "[]", "\"a\"", "1", "{", "{}}", "{} {}", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
            "{a:1}",
            "{'a':1}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":-}", "{\"a\":nul}",
            "{\"a\":NaN}", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"b}", "{\"a\":[1,]}", "{\"a\":[1 2]}",
            "{\"a\":1}\0",
            "\u{feff}{}", "{\"a\":1/*c*/}", "{\"a\":tru", "{\"a\":\"\\", "{\"a\":\"\\u", "{\"a\":[",
        ])
    func noJSON(text: String) {
        #expect(reason(text) != nil)
        #expect(reason(text, as: .ociManifest) != nil)
    }

    @Test("what is not UTF-8 is refused", arguments: [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xc3]] as [[UInt8]])
    func encoding(bytes: [UInt8]) {
        let bytes = Array("{\"annotations\":\"".utf8) + bytes + Array("\"}".utf8)
        let error = refusal { () throws(OCIError) in try ManifestDocument(bytes: bytes, mediaType: .ociManifest) }
        #expect(error?.message == "manifest is not UTF-8")
    }

    @Test("deep nesting is refused before it costs a stack", arguments: ["[", "{\"a\":"])
    func nesting(opening: String) {
        let text = Self.document(#""a":"# + String(repeating: opening, count: 100_000))
        #expect(reason(text, as: .ociManifest)?.contains("nested deeper than 32") == true)
    }

    @Test("a document of more than 4 MiB is refused, one of 4 MiB is not")
    func size() throws {
        let padding = ManifestDocument.maximumSize - Self.manifest.utf8.count
        #expect(try read(Self.manifest + String(repeating: " ", count: padding)).blobs.count == 2)
        #expect(reason(Self.manifest + String(repeating: " ", count: padding + 1))?.contains("at most 4194304") == true)
    }

    @Test("escapes and all kinds of values are read over")
    func values() throws {
        let extra = #""x":[1,-0.5e+10,true,false,null,"\"\\\/\b\f\n\r\t\u00e9\ud83d\udc1f",{"a":[]}]"#
        #expect(try read(Self.document(#""manifests":[],\#(extra)"#)).mediaType == .ociIndex)
    }

    @Test("the manifest for a platform is chosen by system, architecture and variant")
    func platform() throws {
        let platforms = [("amd64", nil), ("arm", "v6"), ("arm", "v7"), ("arm64", nil)] as [(String, String?)]
        let index = ImageIndex(
            manifests: try platforms.enumerated().map { position, platform in
                Descriptor(
                    mediaType: .ociManifest, digest: try Digest(sampleDigest), size: Int64(position),
                    platform: Platform(os: "linux", architecture: platform.0, variant: platform.1))
            })
        #expect(index.manifest(for: Platform(os: "linux", architecture: "amd64"))?.size == 0)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "arm", variant: "v7"))?.size == 2)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "arm64", variant: "v8"))?.size == 3)
        #expect(index.manifest(for: Platform(os: "windows", architecture: "amd64")) == nil)
        #expect(Platform.current.os == "linux")
    }
}
