import OCI

/// A request's target, as a client of the mirror sends it: a path, and behind a `?` the query.
enum RouteTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        let parts = input.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        let texts = parts.map { String(decoding: $0, as: UTF8.self) }
        let query = texts.count > 1 ? texts[1] : nil
        guard let (route, _) = try? DistributionRoute.parse(path: texts[0], query: query) else { return }
        guard let path = path(of: route) else { return }
        guard let again = try? DistributionRoute.parse(path: path, query: query) else {
            fail("\(route) was made of \(texts[0]), and cannot be read as \(path)")
        }
        require(again.route == route, "\(path) reads as \(again.route), and not as \(route)")
    }

    /// The one way to write it. What it consists of must not lead out of a folder.
    private static func path(of route: DistributionRoute) -> String? {
        let (name, rest) =
            switch route {
            case .base: (nil as RepositoryName?, "")
            case .manifest(let name, let reference): (name, "manifests/\(reference)")
            case .blob(let name, let digest): (name, "blobs/\(digest)")
            case .tags(let name, _, _): (name, "tags/list")
            case .referrers(let name, let digest, _): (name, "referrers/\(digest)")
            case .uploads(let name): (name, "blobs/uploads/")
            case .upload(let name, let text): (name, "blobs/uploads/\(PercentCoding.encode(text))")
            }
        guard let name else { return nil }
        let components = "\(name)".split(separator: "/", omittingEmptySubsequences: false)
        require(
            components.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.first != UInt8(ascii: ".") },
            "a repository's name leads out of its folder: \(name)")
        return "/v2/\(name)/\(rest)"
    }
}
