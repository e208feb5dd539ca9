public import OCI

/// A line of what `POST /api/v1/pull` answers: an object whose `event` says which. Fields are only ever added.
public enum PullEvent: Sendable, Equatable {
    case begin(PullBeginning)
    case image(PulledImage)
    case blob(PulledBlob)
    case progress(PullProgress)
    /// The last line of a pull that had what it wanted.
    case end(PullSummary)
    /// The last line of one that did not. Where both are missing the pull was broken off.
    case error(PullFailure)
}

/// `begin`: what is wanted, and where it will go.
public struct PullBeginning: Codable, Sendable, Equatable {
    public var schema = 1
    /// In full.
    public var image: String
    /// `os/arch`, `os/arch/variant`, or `all`.
    public var platform: String
    public var into: BlobPlace
    /// containerd's; nil for Shoal's own store, as are the next two.
    public var namespace: String?
    public var socket: String?
    /// Nil also where nothing is unpacked.
    public var snapshotter: String?
    /// Why it goes there, where that may surprise.
    public var note: String?
}

/// `image`: what the name means.
public struct PulledImage: Codable, Sendable, Equatable {
    /// Of the manifest or index that the name means.
    public var digest: Digest
    /// What will be here, each once.
    public var platforms: [String]
    /// Manifests, configurations and layers, each once.
    public var blobs: [PulledBlob]
    /// Of all blobs, in bytes.
    public var size: Int64
}

/// `blob`: how far one of them is. Told when that changes, five times a second at most.
public struct PulledBlob: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case manifest, config, layer
    }

    public enum State: String, Codable, Sendable, CaseIterable {
        /// For its turn.
        case waiting
        case downloading
        /// All bytes are here; whether they are the right ones is being found out.
        case verifying
        /// Where it was to go; it will be unpacked.
        case fetched
        case unpacking
        /// Nothing more is to be done.
        case done
        /// It had been there before.
        case present
    }

    /// Who gave bytes of it.
    public struct Source: Codable, Sendable, Equatable {
        /// `peer`, `upstream` or `store`: this node.
        public var kind: String
        /// The peer's id and name.
        public var id: String?
        public var name: String?
        public var bytes: Int64
    }

    public var digest: Digest
    public var size: Int64
    public var kind: Kind
    public var state: State
    /// How many bytes are here.
    public var done: Int64 = 0
    /// Bytes a second, lately.
    public var rate: Int64 = 0
    /// Those that gave the most, at most 16, the most first.
    public var sources: [Source] = []
}

/// `progress`: how far all is; five times a second.
public struct PullProgress: Codable, Sendable, Equatable {
    /// Bytes that are here, of how many; what had been there before is among them.
    public var done: Int64
    public var size: Int64
    /// Bytes a second, lately.
    public var rate: Int64
    public var seconds: Double
    /// Until all bytes are here, if it goes on like this; nil where that cannot be told.
    public var secondsLeft: Int64?

    private enum CodingKeys: String, CodingKey {
        case done, size, rate, seconds
        case secondsLeft = "seconds_left"
    }
}

/// `end`: what came of it.
public struct PullSummary: Codable, Sendable, Equatable {
    /// Payload by where it came from.
    public struct Bytes: Codable, Sendable, Equatable {
        /// Had been where it was to go.
        public var present: Int64 = 0
        /// Read from this node's stores.
        public var store: Int64 = 0
        public var peers: Int64 = 0
        public var upstream: Int64 = 0
    }

    public var image: String
    public var digest: Digest
    public var size: Int64
    public var blobs: Int
    public var bytes: Bytes
    public var seconds: Double
    /// Whether a container can begin at once.
    public var unpacked: Bool
}

/// `error`: why it was not had.
public struct PullFailure: Codable, Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable, CaseIterable {
        /// Nobody who can be asked has the image, or a part of it.
        case notFound = "not_found"
        /// The image is not for that platform.
        case noPlatform = "no_platform"
        /// The registry wants credentials, or does not take those that it got.
        case credentials
        /// A disk is full.
        case noSpace = "no_space"
        /// containerd is not there, or went away.
        case runtimeGone = "runtime_gone"
        /// containerd did not take the image.
        case runtimeRefused = "runtime_refused"
        /// The agent does not do this.
        case refused
        /// A source broke off, and no other was left.
        case broken
        /// The agent is shutting down.
        case stopping
    }

    public var code: Code
    /// What happened, to what.
    public var reason: String
    /// What to do about it.
    public var mend: String

    public var description: String { mend.isEmpty ? reason : "\(reason); \(mend)" }
}

extension PullEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case event
    }

    private enum Name: String, Codable {
        case begin, image, blob, progress, end, error
    }

    public init(from decoder: any Decoder) throws {
        self =
            switch try decoder.container(keyedBy: CodingKeys.self).decode(Name.self, forKey: .event) {
            case .begin: .begin(try PullBeginning(from: decoder))
            case .image: .image(try PulledImage(from: decoder))
            case .blob: .blob(try PulledBlob(from: decoder))
            case .progress: .progress(try PullProgress(from: decoder))
            case .end: .end(try PullSummary(from: decoder))
            case .error: .error(try PullFailure(from: decoder))
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let (name, body): (Name, any Encodable) =
            switch self {
            case .begin(let body): (.begin, body)
            case .image(let body): (.image, body)
            case .blob(let body): (.blob, body)
            case .progress(let body): (.progress, body)
            case .end(let body): (.end, body)
            case .error(let body): (.error, body)
            }
        try container.encode(name, forKey: .event)
        try body.encode(to: encoder)
    }
}
