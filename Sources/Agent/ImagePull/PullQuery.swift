public import OCI

/// What `shoal pull` is to bring, and where to.
public struct PullQuery: Sendable, Hashable {
    /// Which of the images behind a name.
    public enum Platforms: Sendable, Hashable, CustomStringConvertible {
        case one(Platform)
        /// Whatever the index lists.
        case all

        /// `linux/arm64`, or `all`.
        public var description: String {
            switch self {
            case .one(let platform): platform.description
            case .all: "all"
            }
        }

        /// Reads `os/arch`, `os/arch/variant` or `all`.
        public init(_ text: String) throws(OCIError) {
            self = text == "all" ? .all : .one(try Platform(parsing: text))
        }
    }

    /// By tag or by digest, not by both: a digest decides.
    public var image: ImageReference
    /// Nil: the one of the machine that the agent runs on.
    public var platforms: Platforms?
    /// Nil: what is there decides, see ``PullTarget``.
    public var place: BlobPlace?
    /// containerd's; nil: what is there decides.
    public var namespace: ContainerdNamespace?
    /// containerd's; nil: what is there decides.
    public var snapshotter: String?
    /// Whether layers are unpacked, so that a container can begin at once.
    public var unpacks: Bool

    /// Puts the parts together.
    /// - Throws: `.referenceInvalid` for a name that no registry stands behind.
    public init(
        image: ImageReference, platforms: Platforms? = nil, place: BlobPlace? = nil,
        namespace: ContainerdNamespace? = nil, snapshotter: String? = nil, unpacks: Bool = true
    ) throws(OCIError) {
        guard image.origin != nil else {
            throw OCIError(
                code: .referenceInvalid,
                message: "\(image) names no registry to pull from; put its name first: docker.io/library/nginx")
        }
        self.image = image
        // containerd, the CRI and Docker call an image by its digest alone where one is given.
        if image.digest != nil { self.image.tag = nil }
        self.platforms = platforms
        self.place = place
        self.namespace = namespace
        self.snapshotter = snapshotter
        self.unpacks = unpacks
    }
}

/// As the query of a request.
extension PullQuery {
    /// Reads the query of `POST /api/v1/pull`.
    /// - Throws: An error whose text says which parameter is wrong.
    init(_ query: Query) throws {
        guard let image = try query.value(of: "image"), !image.isEmpty else {
            throw Refusal("name an image: \(AdminRoute.pull.rawValue)?image=nginx")
        }
        let unpacks: Bool
        switch try query.value(of: "unpack") {
        case nil, "yes": unpacks = true
        case "no": unpacks = false
        case .some: throw Refusal("unpack is yes or no")
        }
        try self.init(
            image: ImageReference(normalizing: image), platforms: query.value(of: "platform").map(Platforms.init),
            place: query.value(of: "into").map { text in
                guard let place = BlobPlace(rawValue: text) else { throw Refusal("into is containerd or store") }
                return place
            },
            namespace: query.value(of: "namespace").map { text in
                guard let name = ContainerdNamespace(text: text) else {
                    throw Refusal("namespace is not \(ContainerdNamespace.expectation)")
                }
                return name
            }, snapshotter: query.value(of: "snapshotter"), unpacks: unpacks)
    }

    /// As ``init(_:)`` reads it.
    var text: String {
        let parts: [(String, String?)] = [
            ("image", image.description), ("platform", platforms?.description), ("into", place?.rawValue),
            ("namespace", namespace?.description), ("snapshotter", snapshotter), ("unpack", unpacks ? nil : "no"),
        ]
        return parts.compactMap { name, value in value.map { "\(name)=\(PercentCoding.encode($0))" } }
            .joined(separator: "&")
    }

    private struct Refusal: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }
}
