import Content
import Discovery
import OCI
import Registry
import Testing

@testable import Agent

/// What a node holds, made up. Digests are told by their first byte; an image n has a layer n + 100 unless it is said otherwise.
struct TestNode {
    private(set) var images: [ImageRecord] = []
    private(set) var held: Set<Digest> = []
    private var children: [Digest: [Digest]] = [:]
    private var labels: [Digest: [Origin]] = [:]
    var publicity: [PublicAnswers.Image: Bool] = [:]
    var unproven: Set<Digest> = []
    private(set) var localNames: [NameRecord] = []

    func digest(_ byte: UInt8) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: [UInt8](repeating: byte, count: 32))
    }

    mutating func image(
        _ byte: UInt8, _ name: String?, isPublic: Bool? = nil, type: MediaType = .ociManifest, labels: [String] = [],
        children: [UInt8]? = nil, held: [UInt8]? = nil
    ) throws {
        let digest = try digest(byte)
        let reference = try name.map { try ImageReference(normalizing: $0) }
        images.append(
            ImageRecord(
                reference: reference, origin: reference?.origin, digest: digest, mediaType: type, size: 1, knownGood: 0)
        )
        if let origin = reference?.origin, let isPublic { publicity[.init(origin: origin, digest: digest)] = isPublic }
        let children = children ?? [byte + 100]
        try blob(byte, labels: labels)
        try parent(byte, of: children, held: held ?? children)
    }

    /// A name of the local namespace with a version, `team/app:1`, of a manifest whose content is to be added apart.
    mutating func name(
        _ byte: UInt8, _ name: String, counter: UInt64 = 1, type: MediaType = .ociManifest, isDeleted: Bool = false,
        subject: UInt8? = nil
    ) throws {
        let author = try #require(NodeID(hex: "00112233445566778899aabbccddeeff"))
        localNames.append(
            NameRecord(
                name: try #require(LocalName(ImageReference(normalizing: "localhost:5050/\(name)"))),
                digest: try digest(byte), mediaType: type, size: 1,
                version: NameVersion(counter: counter, author: author), isDeleted: isDeleted,
                subject: try subject.map(digest), isOwn: true, since: 0))
    }

    /// A manifest with its layer, under a tag of the local namespace and by its digest, as a push leaves them.
    mutating func push(_ byte: UInt8, _ repository: String, tag: String) throws {
        try blob(byte)
        try parent(byte, of: [byte + 100], held: [byte + 100])
        try name(byte, "\(repository):\(tag)")
        try name(byte, "\(repository)@\(digest(byte))")
    }

    mutating func parent(_ byte: UInt8, of children: [UInt8], held: [UInt8]) throws {
        self.children[try digest(byte)] = try children.map(digest)
        for child in held { try blob(child) }
    }

    mutating func blob(_ byte: UInt8, labels: [String] = []) throws {
        held.insert(try digest(byte))
        if !labels.isEmpty { self.labels[try digest(byte)] = try labels.map { try Origin($0) } }
    }

    private var content: SharedContent {
        SharedContent(
            images: images, blobs: held.sorted().map { BlobInfo(digest: $0, size: 1) },
            children: { [children] in children[$0] ?? [] }, origins: { [labels] in labels[$0] ?? [] },
            homes: { [labels] in Set(labels[$0] ?? []) }, isProven: { [unproven] in !unproven.contains($0) },
            localNames: localNames)
    }

    func offer(_ policy: SharePolicy) -> SharePolicy.Offer {
        policy.offer(content) { publicity[.init(origin: $1, digest: $0)] }
    }

    func questions(_ policy: SharePolicy) -> [String] {
        policy.questions(about: content).map { "\($0.origin)@\($0.digest.bytes[0])" }.sorted()
    }
}

extension SharePolicy.Offer {
    /// The first bytes of what is offered.
    var digests: [UInt8] { blobs.map { $0.digest.bytes[0] }.sorted() }

    /// Names as they are told: `team/app:1`, `team/app@3` by the first byte of a digest, with a `-` before what is deleted.
    var names: [String] {
        references.map { offer in
            let end = offer.reference.digest.map { "@\($0.bytes[0])" } ?? ":\(offer.reference.tag?.description ?? "")"
            return "\(offer.isDeleted ? "-" : "")\(offer.reference.repository)\(end)"
        }.sorted()
    }
}
