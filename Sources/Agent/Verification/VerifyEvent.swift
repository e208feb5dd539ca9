public import OCI

/// A line of what `POST /api/v1/verify` answers: an object whose `event` says which. Fields are only ever added.
public enum VerifyEvent: Sendable, Equatable {
    case begin(VerifyScope)
    case progress(VerifyProgress)
    case fault(VerifyFault)
    /// The last line. Where it is missing the job was broken off.
    case end(VerifySummary)
}

/// `begin`: what will be read.
public struct VerifyScope: Codable, Sendable, Equatable {
    public var schema = 1
    /// What was asked for, normalised.
    public var query: String
    public var blobs: Int
    public var bytes: Int64

    /// Makes the record of its parts.
    public init(query: String, blobs: Int, bytes: Int64) {
        self.query = query
        self.blobs = blobs
        self.bytes = bytes
    }
}

/// `progress`: what has been read so far; at least every second.
public struct VerifyProgress: Codable, Sendable, Equatable {
    public var blobs: Int
    public var bytes: Int64

    /// Makes the record of its parts.
    public init(blobs: Int, bytes: Int64) {
        self.blobs = blobs
        self.bytes = bytes
    }
}

/// `fault`: a blob that is not what it should be, or that nobody can tell of.
public struct VerifyFault: Codable, Sendable, Equatable {
    /// What is wrong.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case damaged, missing, unreadable
    }

    public var digest: Digest
    public var size: Int64
    public var fault: Kind
    /// For people.
    public var reason: String
    public var place: BlobPlace
    /// The images that need it; at most twenty are named.
    public var images: [BlobOwner]
    /// How many need it.
    public var imageCount: Int
    /// Commands for a root shell, in order; empty where nothing need be done.
    public var mend: [String]
    /// What to know beside them.
    public var note: String

    private enum CodingKeys: String, CodingKey {
        case digest, size, fault, reason, place, images, mend, note
        case imageCount = "image_count"
    }

    /// Makes the record of its parts.
    public init(
        digest: Digest, size: Int64, fault: Kind, reason: String, place: BlobPlace, images: [BlobOwner],
        imageCount: Int, mend: [String], note: String
    ) {
        self.digest = digest
        self.size = size
        self.fault = fault
        self.reason = reason
        self.place = place
        self.images = images
        self.imageCount = imageCount
        self.mend = mend
        self.note = note
    }
}

/// `end`: what came of it.
public struct VerifySummary: Codable, Sendable, Equatable {
    /// How many blobs are what they should be.
    public var intact = 0
    public var damaged = 0
    public var missing = 0
    public var unreadable = 0
    /// Let go by their store in the meantime.
    public var gone = 0
    /// How many bytes were read.
    public var bytes: Int64 = 0
    public var seconds: Int64 = 0

    /// Nothing so far.
    public init() {}

    /// Whether every blob is what it should be.
    public var isFine: Bool { damaged == 0 && missing == 0 && unreadable == 0 }
}

extension VerifyEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case event
    }

    private enum Name: String, Codable {
        case begin, progress, fault, end
    }

    public init(from decoder: any Decoder) throws {
        self =
            switch try decoder.container(keyedBy: CodingKeys.self).decode(Name.self, forKey: .event) {
            case .begin: .begin(try VerifyScope(from: decoder))
            case .progress: .progress(try VerifyProgress(from: decoder))
            case .fault: .fault(try VerifyFault(from: decoder))
            case .end: .end(try VerifySummary(from: decoder))
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .begin(let scope):
            try container.encode(Name.begin, forKey: .event)
            try scope.encode(to: encoder)
        case .progress(let progress):
            try container.encode(Name.progress, forKey: .event)
            try progress.encode(to: encoder)
        case .fault(let fault):
            try container.encode(Name.fault, forKey: .event)
            try fault.encode(to: encoder)
        case .end(let summary):
            try container.encode(Name.end, forKey: .event)
            try summary.encode(to: encoder)
        }
    }
}
