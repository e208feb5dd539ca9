public import OCI

/// A line of what `POST /api/v1/load` answers: an object whose `event` says which. Fields are only ever added.
public enum LoadEvent: Sendable, Equatable {
    case begin(LoadBeginning)
    case progress(LoadProgress)
    /// For each name that an image has got.
    case image(LoadedImage)
    /// The last line of a load that went well.
    case end(LoadSummary)
    /// The last line of one that did not. Where both are missing the load was broken off.
    case error(LoadFailure)
}

/// `begin`: the archive is being read.
public struct LoadBeginning: Codable, Sendable, Equatable {
    public var schema = 1
}

/// `progress`: how far it is; once a second.
public struct LoadProgress: Codable, Sendable, Equatable {
    /// Of the archive, as it comes: packed where it is packed.
    public var bytes: Int64
    public var seconds: Double
}

/// `image`: a name means this image now.
public struct LoadedImage: Codable, Sendable, Equatable {
    /// In full.
    public var name: String
    /// Of its manifest or index.
    public var digest: Digest
    public var mediaType: MediaType
    /// Of all that was in the archive of it, in bytes.
    public var size: Int64
    /// Manifests, configurations and layers.
    public var blobs: Int
    /// What it can be run on, as far as that was in the archive.
    public var platforms: [String]

    private enum CodingKeys: String, CodingKey {
        case name, digest, size, blobs, platforms
        case mediaType = "media_type"
    }
}

/// `end`: what came of it.
public struct LoadSummary: Codable, Sendable, Equatable {
    public var images: Int
    public var names: Int
    /// Of the archive.
    public var bytes: Int64
    public var seconds: Double
}

/// `error`: why it was not loaded.
public struct LoadFailure: Codable, Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable, CaseIterable {
        /// It is no archive of images, or one that is damaged, cut off, or not read here.
        case archive
        /// An image in it lacks a part.
        case incomplete
        /// An image has no name that it could have here.
        case nameless
        /// A disk is full.
        case noSpace = "no_space"
        /// The agent does not do this.
        case refused
        /// The archive stopped coming, or the agent could not go on.
        case broken
        /// The agent is shutting down.
        case stopping
    }

    public var code: Code
    /// What happened, to what.
    public var reason: String
    /// What to do about it; may be in `reason` already.
    public var mend: String

    public init(code: Code, reason: String, mend: String = "") {
        self.code = code
        self.reason = reason
        self.mend = mend
    }

    public var description: String { mend.isEmpty ? reason : "\(reason); \(mend)" }
}

extension LoadEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case event
    }

    private enum Name: String, Codable {
        case begin, progress, image, end, error
    }

    public init(from decoder: any Decoder) throws {
        self =
            switch try decoder.container(keyedBy: CodingKeys.self).decode(Name.self, forKey: .event) {
            case .begin: .begin(try LoadBeginning(from: decoder))
            case .progress: .progress(try LoadProgress(from: decoder))
            case .image: .image(try LoadedImage(from: decoder))
            case .end: .end(try LoadSummary(from: decoder))
            case .error: .error(try LoadFailure(from: decoder))
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let (name, body): (Name, any Encodable) =
            switch self {
            case .begin(let body): (.begin, body)
            case .progress(let body): (.progress, body)
            case .image(let body): (.image, body)
            case .end(let body): (.end, body)
            case .error(let body): (.error, body)
            }
        try container.encode(name, forKey: .event)
        try body.encode(to: encoder)
    }
}
