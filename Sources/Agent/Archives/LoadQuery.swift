public import Archive
import OCI

/// How `shoal load` wants an archive to be loaded.
public struct LoadQuery: Sendable, Hashable {
    /// What the archive's image is to be called; nil: what the archive calls it.
    public var name: LoadName?

    /// Puts the parts together.
    public init(name: LoadName? = nil) {
        self.name = name
    }

    /// Reads the query of `POST /api/v1/load`.
    init(_ query: Query) throws(OCIError) {
        name = try query.value(of: "name").map { text throws(OCIError) in try LoadName(text) }
    }

    /// As ``init(_:)`` reads it.
    var text: String { name.map { "name=\(PercentCoding.encode($0.description))" } ?? "" }
}

/// Which images `shoal save` wants.
enum SaveQuery {
    /// More than a line of a request has room for.
    private static let limit = 256

    /// Reads the query of `GET /api/v1/save`: `image=…` for each.
    static func images(_ query: Query) throws(OCIError) -> [ImageReference] {
        let names = try query.values(of: "image")
        guard (1...limit).contains(names.count) else {
            throw OCIError(
                code: .queryInvalid,
                message: "name 1 to \(limit) images: \(AdminRoute.save.rawValue)?image=localhost:5050/team/app:v1")
        }
        return try names.map { name throws(OCIError) in try ImageReference(normalizing: name) }
    }

    static func text(_ images: [ImageReference]) -> String {
        images.map { "image=\(PercentCoding.encode($0.description))" }.joined(separator: "&")
    }
}
