import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite struct PullTargetTests {
    private static func survey(
        _ images: [String: Int], socket: String = "/run/containerd/containerd.sock",
        snapshotters: [String] = ["native", "overlayfs"], labels: [String: String] = [:]
    ) -> ContainerdSurvey {
        ContainerdSurvey(
            socket: .init(socket), images: images, snapshotters: snapshotters, defaultSnapshotters: labels)
    }

    private static func query(
        _ place: BlobPlace? = nil, namespace: String? = nil, snapshotter: String? = nil, unpacks: Bool = true
    ) throws -> PullQuery {
        try PullQuery(
            image: ImageReference(normalizing: "nginx"), place: place,
            namespace: namespace.flatMap(ContainerdNamespace.init(text:)), snapshotter: snapshotter, unpacks: unpacks)
    }

    @Test(
        "the namespace is the one that was named, the one that is configured, Kubernetes' where there is one, else default",
        arguments: [
            ([String: Int](), [String](), "/run/containerd/containerd.sock", String?.none, "default"),
            (["default": 3], [], "/run/containerd/containerd.sock", nil, "default"),
            (["default": 3, "k8s.io": 0], [], "/run/containerd/containerd.sock", nil, "k8s.io"),
            ([:], [], "/run/k3s/containerd/containerd.sock", nil, "k8s.io"),
            (["default": 3, "k8s.io": 2], ["default"], "/run/containerd/containerd.sock", nil, "default"),
            (["k8s.io": 2], ["team", "k8s.io"], "/run/containerd/containerd.sock", nil, "k8s.io"),
            (["k8s.io": 2], ["team"], "/run/containerd/containerd.sock", "other", "other"),
        ])
    func namespace(
        images: [String: Int], configured: [String], socket: String, named: String?, expected: String
    ) throws {
        let target = try PullTarget(
            try Self.query(namespace: named), survey: Self.survey(images, socket: socket), configured: configured)
        #expect(target.runtime?.namespace == expected)
        #expect(target.runtime?.snapshotter == "overlayfs")
        #expect(target.note == nil)
    }

    @Test("without containerd, and where it is asked for, the image goes into Shoal's own store")
    func store() throws {
        #expect(try PullTarget(try Self.query(), survey: nil, configured: []).runtime == nil)
        let asked = try PullTarget(try Self.query(.store), survey: Self.survey(["default": 1]), configured: [])
        #expect(asked.runtime == nil)
    }

    @Test("a containerd that is Docker's alone is left alone, unless it is named")
    func docker() throws {
        let docker = Self.survey(["moby": 0, "default": 0])
        let target = try PullTarget(try Self.query(), survey: docker, configured: [])
        #expect(target.runtime == nil)
        #expect(target.note?.contains("Docker") == true)
        #expect(try PullTarget(try Self.query(.containerd), survey: docker, configured: []).runtime != nil)
        let both = Self.survey(["moby": 0, "k8s.io": 4])
        #expect(try PullTarget(try Self.query(), survey: both, configured: []).runtime?.namespace == "k8s.io")
    }

    @Test("the snapshotter is the one that was named, the one that the namespace's labels name, else overlayfs")
    func snapshotter() throws {
        let labelled = Self.survey(["default": 1], labels: ["default": "native"])
        #expect(try PullTarget(try Self.query(), survey: labelled, configured: []).runtime?.snapshotter == "native")
        let named = try Self.query(snapshotter: "overlayfs")
        #expect(try PullTarget(named, survey: labelled, configured: []).runtime?.snapshotter == "overlayfs")
        let packed = try PullTarget(try Self.query(unpacks: false), survey: labelled, configured: [])
        #expect(packed.runtime != nil && packed.runtime?.snapshotter == nil)
    }

    @Test("a snapshotter that containerd cannot use is refused, naming those that it can")
    func noSnapshotter() throws {
        let survey = Self.survey(["default": 1], snapshotters: ["fuse-overlayfs", "native"])
        let error = #expect(throws: PullFailure.self) {
            try PullTarget(try Self.query(), survey: survey, configured: [])
        }
        #expect(error?.description.contains("fuse-overlayfs, native") == true)
    }

    @Test("Shoal's own store has no namespaces")
    func storeNamespace() throws {
        #expect(throws: PullFailure.self) {
            try PullTarget(try Self.query(namespace: "k8s.io"), survey: nil, configured: [])
        }
    }
}
