import FoundationEssentials
import Integrity
import OCI
import Testing

@testable import Agent

@Suite struct ImagePlanTests {
    private static let name = "docker.io/library/nginx:latest"
    private static var image: ImageReference { get throws { try ImageReference(normalizing: name) } }

    private static func index(_ platforms: [String?]) throws -> ImageIndex {
        ImageIndex(
            manifests: try platforms.enumerated().map { number, platform in
                Descriptor(
                    mediaType: .ociManifest, digest: try PullSamples.digest(UInt8(number)), size: 10,
                    platform: try platform.map { try Platform(parsing: $0) })
            })
    }

    private static func document(_ value: some Encodable) throws -> ManifestDocument {
        try ManifestDocument(bytes: Array(try JSONEncoder().encode(value)), mediaType: nil)
    }

    @Test("of an index one platform is wanted, or everything")
    func wanted() throws {
        let index = try Self.index(["linux/amd64", "linux/arm64", "unknown/unknown"])
        let arm = PullQuery.Platforms.one(try Platform(parsing: "linux/arm64"))
        #expect(try ImagePlan.wanted(of: index, arm, image: Self.image) == [index.manifests[1]])
        #expect(try ImagePlan.wanted(of: index, .all, image: Self.image) == index.manifests)
        let only = try Self.index([nil])
        #expect(try ImagePlan.wanted(of: only, arm, image: Self.image) == only.manifests)
    }

    @Test("a platform that is not there is refused with those that are")
    func noPlatform() throws {
        let index = try Self.index(["linux/amd64", "linux/arm/v7", "unknown/unknown"])
        let wanted = PullQuery.Platforms.one(try Platform(parsing: "linux/s390x"))
        let error = #expect(throws: PullFailure.self) {
            try ImagePlan.wanted(of: index, wanted, image: Self.image)
        }
        #expect(error?.code == .noPlatform)
        #expect(
            error?.description
                == "\(Self.name) is not for linux/s390x; it is for linux/amd64, linux/arm/v7: name one of "
                + "them with --platform, or all")
    }

    @Test("an image without an index is checked by its configuration")
    func check() throws {
        let config = ImageConfig(os: "linux", architecture: "arm64", rootfs: .init(diffIDs: []))
        try ImagePlan.check(config, .all, image: Self.image)
        try ImagePlan.check(config, .one(try Platform(parsing: "linux/arm64/v8")), image: Self.image)
        let error = #expect(throws: PullFailure.self) {
            try ImagePlan.check(config, .one(try Platform(parsing: "linux/amd64")), image: Self.image)
        }
        #expect(error?.description.contains("--platform linux/arm64 brings it") == true)
    }

    @Test("what will be here is named once: manifests, configurations, layers from the bottom up")
    func blobs() throws {
        let index = try Self.index(["linux/amd64", "linux/arm64"])
        var plan = ImagePlan(root: try Self.document(index), digest: try PullSamples.digest(100))
        plan.add(try Self.document(PullSamples.manifest(10, [20, 21, 20])), index.manifests[0])
        plan.add(try Self.document(PullSamples.manifest(11, [20, 22])), index.manifests[1])
        plan.add(try Self.document(PullSamples.manifest(11, [20, 22])), index.manifests[1])
        #expect(plan.blobs.map(\.digest) == (try [100, 0, 1, 10, 11, 20, 21, 22].map(PullSamples.digest)))
        #expect(
            plan.blobs.map(\.kind)
                == [.manifest, .manifest, .manifest, .config, .config, .layer, .layer, .layer])
        #expect(plan.foreign == nil)
    }

    @Test("labels lead from an index to its manifests, and from a manifest to configuration and layers")
    func references() throws {
        let index = ImagePlan.references(of: try Self.document(Self.index(["linux/amd64", "linux/arm64"])))
        #expect(
            index == [
                "containerd.io/gc.ref.content.m.0": try PullSamples.digest(0).description,
                "containerd.io/gc.ref.content.m.1": try PullSamples.digest(1).description,
            ])
        let manifest = ImagePlan.references(of: try Self.document(PullSamples.manifest(10, [20, 21])))
        #expect(
            manifest == [
                "containerd.io/gc.ref.content.config": try PullSamples.digest(10).description,
                "containerd.io/gc.ref.content.l.0": try PullSamples.digest(20).description,
                "containerd.io/gc.ref.content.l.1": try PullSamples.digest(21).description,
            ])
    }

    @Test("a snapshot is named by its layer and all those below it")
    func chain() throws {
        let config = ImageConfig(
            os: "linux", architecture: "amd64", rootfs: .init(diffIDs: try [1, 2, 3].map(PullSamples.digest)))
        let chain = try LayerChain(PullSamples.manifest(10, [20, 21, 22]), config, image: Self.image)
        let second = ContentHasher.digest(
            of: Array("\(try PullSamples.digest(1)) \(try PullSamples.digest(2))".utf8))
        let third = ContentHasher.digest(of: Array("\(second) \(try PullSamples.digest(3))".utf8))
        #expect(chain.links.map(\.name) == [try PullSamples.digest(1), second, third])
        #expect(chain.links.map(\.parent) == [nil, try PullSamples.digest(1), second])
        #expect(chain.top == third)
        #expect(throws: PullFailure.self) {
            try LayerChain(PullSamples.manifest(10, [20]), config, image: Self.image)
        }
    }
}
