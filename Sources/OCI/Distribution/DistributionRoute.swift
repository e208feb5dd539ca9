/// The end points of the distribution specification, without the method.
public enum DistributionRoute: Sendable, Equatable {
    /// `/v2/`
    case base
    /// `/v2/<name>/manifests/<reference>`
    case manifest(RepositoryName, ManifestReference)
    /// `/v2/<name>/blobs/<digest>`
    case blob(RepositoryName, Digest)
    /// `/v2/<name>/tags/list?n=&last=`
    case tags(RepositoryName, count: Int?, last: Tag?)
    /// `/v2/<name>/referrers/<digest>?artifactType=`
    case referrers(RepositoryName, Digest, artifactType: String?)
    /// `/v2/<name>/blobs/uploads/`
    case uploads(RepositoryName)
    /// `/v2/<name>/blobs/uploads/<reference>`: what the registry has called an upload; only it knows what that may be.
    case upload(RepositoryName, String)

    /// Reads a request target. This is the one place where it is percent-decoded.
    ///
    /// A repository may have components called `manifests` or `blobs`, so a path is read from its end.
    /// - Parameters:
    ///   - path: as it came, undecoded, without the query.
    ///   - query: what follows the `?`, undecoded.
    /// - Returns: the end point, and the registry that the `ns` parameter names.
    /// - Throws: NAME_UNKNOWN (404) for a path that is no end point; NAME_INVALID, TAG_INVALID, DIGEST_INVALID,
    ///   PAGINATION_NUMBER_INVALID and UNSUPPORTED (400) for one with a part that its grammar forbids.
    public static func parse(
        path: String, query: String?
    ) throws(DistributionError) -> (route: DistributionRoute, namespace: RegistryName?) {
        let query = Query(query)
        let route = try route(components: try components(of: path), query: query)
        return (route, try namespace(query))
    }

    private static func route(
        components: [String], query: Query
    ) throws(DistributionError) -> DistributionRoute {
        guard let last = components.last else { return .base }
        let parent = components.dropLast().last
        let name = components.dropLast(2)
        switch (parent, last) {
        case ("tags", "list") where !name.isEmpty:
            return .tags(try repository(name), count: try count(query), last: try lastTag(query))
        case ("manifests", _) where !name.isEmpty:
            return .manifest(try repository(name), try reference(last))
        case ("referrers", _) where !name.isEmpty:
            return .referrers(try repository(name), try digest(last), artifactType: try artifactType(query))
        case ("blobs", "uploads") where !name.isEmpty:
            return .uploads(try repository(name))
        case ("blobs", _) where !name.isEmpty:
            return .blob(try repository(name), try digest(last))
        case ("uploads", _) where name.count >= 2 && name.last == "blobs":
            return .upload(try repository(name.dropLast()), last)
        default:
            throw unknown
        }
    }

    /// The decoded components behind `/v2/`.
    private static func components(of path: String) throws(DistributionError) -> [String] {
        let parts = path.utf8.split(separator: .slash, omittingEmptySubsequences: false).map { Substring($0) }
        guard parts.count >= 2, parts[0].isEmpty, parts[1] == "v2" else { throw unknown }
        var rest = parts.dropFirst(2)
        if rest.count == 1, rest.first == "" { return [] }
        // The one end point that is written with a slash at its end.
        if rest.count >= 3, rest.suffix(3).elementsEqual(["blobs", "uploads", ""]) { rest.removeLast() }
        var components: [String] = []
        for part in rest {
            guard !part.isEmpty else {
                throw DistributionError(
                    code: .nameInvalid, message: "path has an empty component; write one '/' and none at the end")
            }
            guard let component = PercentCoding.decode(part) else {
                throw DistributionError(
                    code: .nameInvalid, message: "path component \(Excerpt(part)) is not percent-encoded UTF-8")
            }
            // An encoded slash would be a separator to whoever decodes before splitting.
            guard !component.utf8.contains(where: { $0 == .slash || $0 < 0x20 || $0 == 0x7f }) else {
                throw DistributionError(
                    code: .nameInvalid,
                    message: "path component \(Excerpt(part)) contains an encoded slash or control character")
            }
            components.append(component)
        }
        return components
    }

    private static var unknown: DistributionError {
        DistributionError(code: .nameUnknown, message: "path is no end point of the distribution API")
    }

    private static func repository(_ components: ArraySlice<String>) throws(DistributionError) -> RepositoryName {
        do { return try RepositoryName(components.joined(separator: "/")) } catch {
            throw DistributionError(code: .nameInvalid, message: error.message)
        }
    }

    private static func reference(_ text: String) throws(DistributionError) -> ManifestReference {
        do { return try ManifestReference(text) } catch {
            let code: DistributionError.Code = error.code == .digestInvalid ? .digestInvalid : .tagInvalid
            throw DistributionError(code: code, message: error.message)
        }
    }

    private static func digest(_ text: String) throws(DistributionError) -> Digest {
        do { return try Digest(text) } catch {
            throw DistributionError(code: .digestInvalid, message: error.message)
        }
    }

    private static func namespace(_ query: Query) throws(DistributionError) -> RegistryName? {
        do { return try query.value(of: "ns").map { text throws(OCIError) in try RegistryName(text) } } catch {
            throw DistributionError(code: .nameInvalid, message: "query parameter 'ns': \(error.message)")
        }
    }

    private static func count(_ query: Query) throws(DistributionError) -> Int? {
        let invalid = DistributionError(
            code: .paginationNumberInvalid, message: "query parameter 'n' is not a number from 0 up")
        do {
            guard let text = try query.value(of: "n") else { return nil }
            guard let count = text.utf8.decimal.flatMap(Int.init(exactly:)) else { throw invalid }
            return count
        } catch {
            throw invalid
        }
    }

    /// An empty `last` is what some clients send for the first page.
    private static func lastTag(_ query: Query) throws(DistributionError) -> Tag? {
        do {
            guard let text = try query.value(of: "last"), !text.isEmpty else { return nil }
            return try Tag(text)
        } catch {
            throw DistributionError(code: .tagInvalid, message: "query parameter 'last': \(error.message)")
        }
    }

    /// Kept as written, since it goes upstream; but only if it is a media type.
    private static func artifactType(_ query: Query) throws(DistributionError) -> String? {
        do {
            guard let text = try query.value(of: "artifactType"), !text.isEmpty else { return nil }
            _ = try MediaType(text)
            return text
        } catch {
            throw DistributionError(
                code: .unsupported, message: "query parameter 'artifactType': \(error.message)", status: 400)
        }
    }
}
