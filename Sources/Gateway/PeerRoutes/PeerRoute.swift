import OCI

/// The peer end points, without the method.
enum PeerRoute: Equatable {
    /// `/v1/blobs/<digest>`
    case blob(Digest)
    /// `/v1/pieces/<digest>?began=&since=`
    case pieces(Digest, began: UInt64?, since: Int)
    /// `/v1/chain/<digest>`
    case chain(Digest)
    /// `/v1/inventory?epoch=&since=&next=`
    case inventory(epoch: UInt64?, since: UInt64?, next: String?)
    /// `/v1/node`
    case node

    /// Why a target is no end point.
    enum Fault: Error, Equatable {
        case unknownPath
        case invalid(String)
    }

    init(path: String, query: String?) throws(Fault) {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), parts.first == "v1" else { throw .unknownPath }
        switch (parts.count, parts.dropFirst().first) {
        case (2, "node"): self = .node
        case (2, "inventory"): self = try Self.inventory(Query(query))
        case (3, "blobs"): self = .blob(try Self.digest(parts[2]))
        case (3, "pieces"): self = try Self.pieces(of: Self.digest(parts[2]), Query(query))
        case (3, "chain"): self = .chain(try Self.digest(parts[2]))
        default: throw .unknownPath
        }
    }

    private static func digest(_ text: Substring) throws(Fault) -> Digest {
        do { return try Digest(text) } catch { throw .invalid(error.message) }
    }

    private static func pieces(of digest: Digest, _ query: Query) throws(Fault) -> PeerRoute {
        let (began, since) = (try number("began", query), try number("since", query))
        guard since == nil || began != nil else {
            throw .invalid("query parameter 'since' has a meaning only beside 'began'")
        }
        // No log is as long as the largest number: what does not fit is behind every end.
        return .pieces(digest, began: began, since: Int(clamping: since ?? 0))
    }

    private static func inventory(_ query: Query) throws(Fault) -> PeerRoute {
        let next: String?
        do { next = try query.value(of: "next") } catch { throw .invalid(error.message) }
        guard next?.utf8.count ?? 0 <= maximumNextSize else {
            throw .invalid("query parameter 'next' is longer than any that this node hands out")
        }
        let (epoch, since) = (try number("epoch", query), try number("since", query))
        guard since == nil || epoch != nil else {
            throw .invalid("query parameter 'since' has a meaning only beside 'epoch'")
        }
        return .inventory(epoch: epoch, since: since, next: next)
    }

    /// A digest or an image reference, and what it is.
    private static let maximumNextSize = 1024

    private static func number(_ name: String, _ query: Query) throws(Fault) -> UInt64? {
        let text: String?
        do { text = try query.value(of: name) } catch { throw .invalid(error.message) }
        guard let text else { return nil }
        // Digits only: UInt64.init would take a sign.
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(text) else {
            throw .invalid("query parameter '\(name)' is not a number from 0 to \(UInt64.max)")
        }
        return number
    }
}
