import FoundationEssentials

/// A manifest's bytes and what they say, checked for shape. The bytes are kept as they came: their hash is the digest.
public struct ManifestDocument: Sendable {
    /// What a manifest turned out to be.
    public enum Kind: Sendable, Hashable {
        case manifest(Manifest)
        case index(ImageIndex)
        /// A type that is passed on and not read: Docker schema 1, artifacts of other makers.
        case other
    }

    /// Largest manifest in bytes, the size that the distribution specification asks registries to take.
    public static let maximumSize = 4 * 1024 * 1024

    /// The document, byte for byte as it came.
    public let bytes: [UInt8]
    /// What it is to be served as.
    public let mediaType: MediaType
    /// What it says.
    public let kind: Kind

    /// Reads a manifest.
    ///
    /// `mediaType` is what the sender said it is; nil, and types that say nothing such as `application/json`, mean that
    /// the document's own `mediaType` tells it, or else its shape.
    /// - Throws: `.manifestInvalid` if it is too large, is not JSON of one meaning only (`JSONOutline`), contradicts
    ///   the sender's type, is an image and an index at once (CVE-2021-41190), or lacks what its type requires.
    public init(bytes: [UInt8], mediaType: MediaType?) throws(OCIError) {
        guard !bytes.isEmpty else { throw Self.error("is empty") }
        guard bytes.count <= Self.maximumSize else {
            throw Self.error("has \(bytes.count) bytes; at most \(Self.maximumSize) are allowed")
        }
        let told = mediaType.flatMap { $0.isGeneric ? nil : $0 }
        let outline: JSONOutline
        do {
            outline = try JSONOutline(bytes)
        } catch {
            // Of a type that nothing is read from, nothing can be misread.
            guard let told, !told.isManifestOrIndex else { throw error }
            (self.bytes, self.mediaType, kind) = (bytes, told, .other)
            return
        }
        let type = try Self.type(of: outline, told: told)
        self.bytes = bytes
        self.mediaType = type
        guard type.isManifestOrIndex else {
            kind = .other
            return
        }
        let foreign = type.isManifest ? ["manifests", "fslayers"] : ["config", "layers", "fslayers"]
        if let intruder = foreign.first(where: { outline.members[$0] != nil }) {
            throw Self.error("is a \(type) and has '\(intruder)', which belongs to another type")
        }
        kind = type.isManifest ? .manifest(try Self.decode(bytes)) : .index(try Self.decode(bytes))
        guard schemaVersion == 2 else { throw Self.error("has a schemaVersion other than 2") }
    }

    /// The manifests of an index, in order; empty for everything else.
    public var children: [Descriptor] {
        if case .index(let index) = kind { index.manifests } else { [] }
    }

    /// Configuration and layers of a manifest, in order, repeated where the manifest repeats them; without foreign
    /// layers, which are not this registry's to give.
    public var blobs: [Descriptor] {
        guard case .manifest(let manifest) = kind else { return [] }
        return ([manifest.config] + manifest.layers).filter { !$0.isForeign }
    }

    /// What this manifest or index says something about: it is a referrer of it.
    public var subject: Descriptor? {
        switch kind {
        case .manifest(let manifest): manifest.subject
        case .index(let index): index.subject
        case .other: nil
        }
    }

    private var schemaVersion: Int? {
        switch kind {
        case .manifest(let manifest): manifest.schemaVersion
        case .index(let index): index.schemaVersion
        case .other: nil
        }
    }

    private static func type(of outline: JSONOutline, told: MediaType?) throws(OCIError) -> MediaType {
        let own: MediaType?
        switch outline.members["mediatype"] {
        case nil: own = nil
        case .string(let text)?:
            do { own = try MediaType(text) } catch { throw Self.error("is wrong at mediaType: \(error.message)") }
        default: throw error("has a mediaType that is not a string")
        }
        if let told, let own, told != own { throw error("says it is \(own), but was sent as \(told)") }
        if let known = told ?? own { return known }
        // Docker's schema 2 requires mediaType, so a document without one is OCI's or schema 1.
        if outline.members["fslayers"] != nil {
            return outline.members["signatures"] == nil ? .dockerSchema1 : .dockerSchema1Signed
        }
        if outline.members["manifests"] != nil { return .ociIndex }
        if outline.members["config"] != nil, outline.members["layers"] != nil { return .ociManifest }
        throw error("has no mediaType, and neither 'manifests' nor 'config' and 'layers' to tell its type by")
    }

    private static func decode<Document: Decodable>(_ bytes: [UInt8]) throws(OCIError) -> Document {
        do {
            return try JSONDecoder().decode(Document.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw Self.error(reason(error))
        } catch {
            throw Self.error("cannot be decoded: \(error)")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "has no \(path(context.codingPath + [key]))"
        case .typeMismatch(let type, let context):
            "has at \(path(context.codingPath)) something else than \(type)"
        case .valueNotFound(let type, let context):
            "has null at \(path(context.codingPath)) where \(type) is required"
        case .dataCorrupted(let context):
            "is wrong at \(path(context.codingPath)): \(context.debugDescription)"
        @unknown default:
            "cannot be decoded"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        let text = keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return text.isEmpty ? "the top" : "\(Excerpt(text))"
    }

    private static func error(_ fault: String) -> OCIError {
        OCIError(code: .manifestInvalid, message: "manifest \(fault)")
    }
}
