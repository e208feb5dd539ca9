import OCI
import Testing

struct AcceptHeaderTests {
    private static let index = MediaType.ociIndex.rawValue
    private static let manifest = MediaType.ociManifest.rawValue

    @Test(
        "an OCI manifest is accepted by who names it or leaves it open",
        arguments: [
            [], [""], ["*/*"], ["application/*"], [manifest], [manifest.uppercased()], ["\(index), \(manifest)"],
            [index, manifest], ["\(manifest);q=0.001"], ["\(manifest); charset=utf-8"], ["\(manifest) ; q=1.000"],
            ["\(index);q=0, */*"], ["*/*;q=0", manifest], ["application/*;q=0, \(manifest)"],
            ["garbage"], [",,,"], ["\(index);x=\"a,b\", \(manifest)"], ["/, \(manifest)"],
            ["\(manifest);q=0", manifest],
        ])
    func accepted(values: [String]) {
        #expect(AcceptHeader(values: values).accepts(.ociManifest))
    }

    @Test(
        "an OCI manifest is not accepted by who asks for something else or excludes it",
        arguments: [
            [index], ["text/*"], ["application/json"], ["\(manifest);q=0"], ["\(manifest);q=0.000, */*"],
            ["*/*;q=0"], ["application/*; q=0, */*"], ["*/*, application/*;Q=0"], ["\(manifest)x"],
            ["\(index);note=\"\(manifest)\""], ["\(index);note=\", \(manifest)\""],
        ])
    func notAccepted(values: [String]) {
        #expect(!AcceptHeader(values: values).accepts(.ociManifest))
    }

    @Test(
        "a weight is between 0 and 1 with three decimals at most",
        arguments: [
            ("q=1", 1000), ("q=0.5", 500), ("q=0.05", 50), ("q=0.", 0), ("q=1.", 1000), ("q=0.123", 123),
            ("q=\"0.5\"", 500),
        ])
    func weight(parameter: String, expected: Int) {
        #expect(AcceptHeader(values: ["*/*;\(parameter)"]).quality(of: .ociIndex) == expected)
    }

    @Test(
        "an element with a malformed weight is skipped",
        arguments: ["q=2", "q=1.001", "q=-1", "q=0.1234", "q=x", "q=.5", "q="])
    func malformedWeight(parameter: String) {
        #expect(!AcceptHeader(values: ["\(Self.manifest);\(parameter), text/plain"]).accepts(.ociManifest))
    }

    @Test("containerd's header is understood")
    func containerd() {
        let values = [
            "application/vnd.docker.distribution.manifest.v2+json, "
                + "application/vnd.docker.distribution.manifest.list.v2+json, "
                + "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*"
        ]
        for type in MediaType.manifestAccept + [.dockerSchema1Signed] {
            #expect(AcceptHeader(values: values).accepts(type))
        }
    }

    @Test("a header of a million elements is read as far as is sensible")
    func bounded() {
        let value = String(repeating: "a/b,", count: 1_000_000) + Self.manifest
        #expect(!AcceptHeader(values: [value]).accepts(.ociManifest))
    }
}
