public import OCI

/// A blob that containerd has committed, as one of its namespaces lists it.
public struct RuntimeContent: Hashable, Sendable {
    public var digest: Digest
    /// Bytes.
    public var size: Int64
    /// When containerd took it in: seconds since 1970.
    public var createdAt: Int64
    /// When its labels last changed: seconds since 1970.
    public var updatedAt: Int64
    /// What it names, by its labels for garbage collection: containerd keeps these as long as it keeps the blob.
    public var references: [Digest]
    /// Where it was pulled from, by its labels; empty for what was imported or built here.
    public var origins: [Origin]
    /// Labels that could not be read, and why; they count as absent.
    public var unreadableLabels: [String]

    /// Puts the parts together.
    public init(
        digest: Digest, size: Int64, createdAt: Int64, updatedAt: Int64, labels: ContentLabels = ContentLabels([:])
    ) {
        self.digest = digest
        self.size = size
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        references = labels.references
        origins = labels.origins
        unreadableLabels = labels.unreadable
    }
}

/// What containerd's labels of a blob say, as far as Shoal reads them. Labels may hold anything; what makes no sense is left out.
public struct ContentLabels: Hashable, Sendable {
    /// Children, by `containerd.io/gc.ref.content…` labels; each once, in the order of the labels.
    public private(set) var references: [Digest] = []
    /// By `containerd.io/distribution.source.<registry>` labels: the value is one repository, or several with commas.
    public private(set) var origins: [Origin] = []
    /// What was left out, and why.
    public private(set) var unreadable: [String] = []

    private static let reference = "containerd.io/gc.ref.content"
    private static let source = "containerd.io/distribution.source."

    /// What is read of one blob's labels: an index of two thousand manifests.
    private static let limit = 256 << 10
    /// How much of what was left out is told.
    private static let complaints = 8

    /// Reads the labels of a blob.
    public init(_ labels: [String: String]) {
        let bytes = labels.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard bytes <= Self.limit else {
            unreadable = ["\(bytes) bytes of labels, of which \(Self.limit) would be read"]
            return
        }
        var known: Set<Digest> = []
        for (label, value) in labels.sorted(by: { $0.key < $1.key }) {
            if label.hasPrefix(Self.source) {
                readOrigins(label, value)
            } else if label.hasPrefix(Self.reference), Self.isReference(label) {
                do {
                    let digest = try Digest(value)
                    if known.insert(digest).inserted { references.append(digest) }
                } catch {
                    complain(of: label, error)
                }
            }
        }
    }

    /// The label itself, or one that goes on behind a dot or a slash.
    private static func isReference(_ label: String) -> Bool {
        guard let next = label.dropFirst(reference.count).first else { return true }
        return next == "." || next == "/"
    }

    private mutating func readOrigins(_ label: String, _ value: String) {
        do {
            let registry = try RegistryName(label.dropFirst(Self.source.count))
            for name in value.split(separator: ",", omittingEmptySubsequences: true) {
                readOrigin(label, registry, name)
            }
        } catch {
            complain(of: label, error)
        }
    }

    private mutating func readOrigin(_ label: String, _ registry: RegistryName, _ name: Substring) {
        do {
            let origin = Origin(registry: registry, repository: try RepositoryName(name))
            if !origins.contains(origin) { origins.append(origin) }
        } catch {
            complain(of: label, error)
        }
    }

    private mutating func complain(of label: String, _ error: OCIError) {
        guard unreadable.count < Self.complaints else { return }
        unreadable.append("\(label.prefix(100)): \(error.message)")
    }
}
