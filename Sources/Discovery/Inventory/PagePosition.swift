import OCI

/// How far a reader of a full inventory has come. It names the last thing read and not a number, so that reading goes on at the
/// right place although the inventory has changed meanwhile.
enum PagePosition: Equatable {
    case start
    case blob(Digest)
    case reference(ImageReference)

    /// Nil for what this node never handed out.
    init?(_ text: String) {
        guard let name = Base64URL.bytes(text.dropFirst()).map({ String(decoding: $0, as: UTF8.self) }) else {
            return nil
        }
        if text.hasPrefix("b"), let digest = try? Digest(name) {
            self = .blob(digest)
        } else if text.hasPrefix("r"), let reference = try? ImageReference(normalizing: name) {
            self = .reference(reference)
        } else {
            return nil
        }
    }

    /// Goes into a query as it is, and stays below 1,024 bytes with the longest of names.
    var text: String {
        switch self {
        case .start: ""
        case .blob(let digest): "b" + Base64URL.string(digest.description.utf8)
        case .reference(let reference): "r" + Base64URL.string(reference.description.utf8)
        }
    }

    var digest: Digest? {
        if case .blob(let digest) = self { digest } else { nil }
    }
}
