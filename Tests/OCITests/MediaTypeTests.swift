import FoundationEssentials
import OCI
import Testing

struct MediaTypeTests {
    @Test(
        "parameters and case do not matter",
        arguments: [
            "application/vnd.oci.image.manifest.v1+json", "Application/VND.OCI.image.manifest.v1+JSON",
            "application/vnd.oci.image.manifest.v1+json; charset=utf-8", "application/vnd.oci.image.manifest.v1+json;",
            " application/vnd.oci.image.manifest.v1+json ",
        ])
    func same(text: String) throws {
        #expect(try MediaType(text) == .ociManifest)
        #expect(MediaType(rawValue: text) == .ociManifest)
    }

    @Test(
        "what is no media type is refused",
        arguments: [
            "", "/", "a", "a/", "/b", "a/b/c", "a b/c", "a/b c", "a/b\r\nX: y", "a/b\0", "*/*", "a/*", "é/b", "a/é",
            "a /b",
            "a/" + String(repeating: "b", count: 128), String(repeating: "a", count: 128) + "/b",
        ])
    func refused(text: String) {
        #expect(refusal { () throws(OCIError) in try MediaType(text) }?.code == .mediaTypeInvalid)
        #expect(MediaType(rawValue: text) == nil)
    }

    @Test("manifests and indexes are told apart")
    func kinds() {
        #expect(MediaType.ociManifest.isManifest && MediaType.dockerManifest.isManifest)
        #expect(MediaType.ociIndex.isIndex && MediaType.dockerManifestList.isIndex)
        #expect(MediaType.manifestAccept.allSatisfy { $0.isManifestOrIndex && $0.isManifest != $0.isIndex })
        #expect(![MediaType.dockerSchema1, .ociConfig, .ociLayerGzip, .json].contains { $0.isManifestOrIndex })
    }

    @Test("a media type has two parts and is coded as a string")
    func parts() throws {
        #expect(MediaType.ociLayerGzip.type == "application")
        #expect(MediaType.ociLayerGzip.subtype == "vnd.oci.image.layer.v1.tar+gzip")
        let json = try JSONEncoder().encode([MediaType.ociIndex])
        #expect(try JSONDecoder().decode([MediaType].self, from: json) == [.ociIndex])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([MediaType].self, from: Data("[\"x\"]".utf8)) }
    }

    @Test("layers that may not be handed on are known")
    func nondistributable() throws {
        #expect(MediaType.dockerForeignLayer.isNondistributable)
        #expect(try MediaType("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd").isNondistributable)
        #expect(!MediaType.ociLayerGzip.isNondistributable)
    }
}
