import SystemPackage

/// What a containerd says of itself, as far as it matters to where an image goes.
struct ContainerdSurvey: Sendable, Equatable {
    var socket: FilePath
    /// How many images each namespace has.
    var images: [String: Int]
    /// Those that can be used, sorted.
    var snapshotters: [String]
    /// What namespaces' labels say.
    var defaultSnapshotters: [String: String] = [:]
}

/// Where an image goes. A value, decided from what is asked for, what is configured and what is there.
struct PullTarget: Sendable, Equatable {
    struct Runtime: Sendable, Equatable {
        var socket: FilePath
        var namespace: String
        /// Nil: nothing is unpacked.
        var snapshotter: String?

        /// Whether Kubernetes looks here.
        var isKubernetes: Bool { namespace == PullTarget.kubernetes }
    }

    static let kubernetes = "k8s.io"
    private static let plain = "default"
    /// Docker's. Its images are Docker's own affair: it does not look at what else is there.
    private static let docker = "moby"
    /// What containerd and its clients take where nobody says anything.
    private static let usualSnapshotter = "overlayfs"

    /// Nil: Shoal's own store.
    var runtime: Runtime?
    /// For people: why, where that may surprise.
    var note: String?

    /// - Parameters:
    ///   - survey: nil where no containerd runs.
    ///   - configured: `runtime.containerd.namespaces`.
    init(_ query: PullQuery, survey: ContainerdSurvey?, configured: [String]) throws(PullFailure) {
        guard query.place != .store, let survey else {
            guard query.namespace == nil, query.snapshotter == nil else {
                throw PullFailure(
                    code: .refused, reason: "Shoal's own store has no namespaces and no snapshotters",
                    mend: "leave out --namespace and --snapshotter, or --into store")
            }
            return
        }
        guard query.place == .containerd || query.namespace != nil || !Self.isDockersAlone(survey) else {
            note = "the containerd at \(survey.socket) is Docker's, which keeps its images elsewhere"
            return
        }
        let namespace = query.namespace?.description ?? Self.namespace(survey, configured)
        runtime = Runtime(
            socket: survey.socket, namespace: namespace,
            snapshotter: query.unpacks ? try Self.snapshotter(query, survey, namespace) : nil)
    }

    private static func isDockersAlone(_ survey: ContainerdSurvey) -> Bool {
        survey.images[docker] != nil && survey.images.allSatisfy { $0.key == docker || $0.value == 0 }
    }

    private static func namespace(_ survey: ContainerdSurvey, _ configured: [String]) -> String {
        if let first = configured.first { return configured.contains(kubernetes) ? kubernetes : first }
        let isKubernetes =
            survey.images[kubernetes] != nil || survey.socket.components.contains { $0.string == "k3s" }
        return isKubernetes ? kubernetes : plain
    }

    private static func snapshotter(
        _ query: PullQuery, _ survey: ContainerdSurvey, _ namespace: String
    ) throws(PullFailure) -> String {
        let wanted = query.snapshotter ?? survey.defaultSnapshotters[namespace] ?? usualSnapshotter
        guard survey.snapshotters.contains(wanted) else {
            let known = survey.snapshotters.joined(separator: ", ")
            throw PullFailure(
                code: .refused, reason: "containerd at \(survey.socket) cannot use the snapshotter \(wanted)",
                mend: known.isEmpty
                    ? "it has none; --no-unpack brings the image packed"
                    : "name another with --snapshotter (there are: \(known)), or bring the image packed with --no-unpack"
            )
        }
        return wanted
    }
}
