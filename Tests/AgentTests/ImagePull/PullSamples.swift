import OCI

@testable import Agent

/// Blobs and events of a made-up image.
enum PullSamples {
    static func digest(_ number: UInt8) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: [UInt8](repeating: number, count: 32))
    }

    static func blob(
        _ number: UInt8, _ size: Int64 = 1000, _ kind: PulledBlob.Kind = .layer, _ state: PulledBlob.State = .waiting,
        done: Int64 = 0, rate: Int64 = 0, sources: [PulledBlob.Source] = []
    ) throws -> PulledBlob {
        PulledBlob(
            digest: try digest(number), size: size, kind: kind, state: state, done: done, rate: rate, sources: sources)
    }

    static func layer(_ number: UInt8, _ size: Int64 = 1000) throws -> Descriptor {
        Descriptor(mediaType: .ociLayerGzip, digest: try digest(number), size: size)
    }

    static func manifest(_ config: UInt8, _ layers: [UInt8]) throws -> Manifest {
        Manifest(
            config: Descriptor(mediaType: .ociConfig, digest: try digest(config), size: 100),
            layers: try layers.map { try layer($0) })
    }

    static let beginning = PullBeginning(
        image: "docker.io/library/nginx:latest", platform: "linux/amd64", into: .containerd, namespace: "k8s.io",
        socket: "/run/containerd/containerd.sock", snapshotter: "overlayfs")

    static func image(_ layers: [PulledBlob]) throws -> PulledImage {
        PulledImage(
            digest: try digest(1), platforms: ["linux/amd64"], blobs: [try blob(1, 500, .manifest)] + layers,
            size: 500 + layers.reduce(0) { $0 + $1.size })
    }

    static func summary() throws -> PullSummary {
        PullSummary(
            image: "docker.io/library/nginx:latest", digest: try digest(1), size: 220_000_000, blobs: 5,
            bytes: .init(present: 10_000_000, store: 0, peers: 180_000_000, upstream: 30_000_000), seconds: 7.4,
            unpacked: true)
    }
}
