import OCI

/// How far a reader of a full inventory has come. It names the last thing read and not a number, so that reading goes on at the
/// right place although the inventory has changed meanwhile.
enum PagePosition: Equatable {
    case start
    case blob(Digest)
    case reference(ImageReference)

    /// Nil for what this node never handed out.
    init?(_ text: String) {
        if text.hasPrefix("b:"), let digest = try? Digest(text.dropFirst(2)) {
            self = .blob(digest)
        } else if text.hasPrefix("r:"), let reference = try? ImageReference(normalizing: text.dropFirst(2)) {
            self = .reference(reference)
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .start: ""
        case .blob(let digest): "b:\(digest)"
        case .reference(let reference): "r:\(reference)"
        }
    }

    var digest: Digest? {
        if case .blob(let digest) = self { digest } else { nil }
    }
}
