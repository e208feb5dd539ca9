import OCI

/// How far a reader of a full inventory has come. It names the last thing read and not a number, so that reading goes on at the
/// right place although the inventory has changed meanwhile.
enum PagePosition: Equatable {
    case start
    case blob(Digest)
    case reference(ImageReference)

    /// Nil for what this node never handed out.
    init?(_ text: String) {
        guard let bytes = Hex.bytes(text.dropFirst()) else { return nil }
        let name = String(decoding: bytes, as: UTF8.self)
        if text.hasPrefix("b"), let digest = try? Digest(name) {
            self = .blob(digest)
        } else if text.hasPrefix("r"), let reference = try? ImageReference(normalizing: name) {
            self = .reference(reference)
        } else {
            return nil
        }
    }

    /// Letters and digits only: it goes into a query as it is.
    var text: String {
        switch self {
        case .start: ""
        case .blob(let digest): "b" + Hex.string(digest.description.utf8)
        case .reference(let reference): "r" + Hex.string(reference.description.utf8)
        }
    }

    var digest: Digest? {
        if case .blob(let digest) = self { digest } else { nil }
    }
}
