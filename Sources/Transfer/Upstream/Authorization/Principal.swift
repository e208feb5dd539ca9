import Integrity
import OCI

/// Who asks, as far as a registry can tell: a code of what is shown to it, under a key that this process makes up and never tells. Nobody gets
/// a credential back from it, and two that show the registry the same are the same.
struct Principal: Hashable, Sendable, CustomStringConvertible {
    private static let key = SecureRandom.bytes(32)

    private let code: [UInt8]

    /// - Parameter credential: nil: nothing is shown.
    init(_ credential: Credential?, at registry: RegistryName) {
        let shown: [[UInt8]] =
            switch credential {
            case nil: []
            case .password, .basic: [Array("basic".utf8), Array((credential?.basic?.value ?? "").utf8)]
            case .identityToken(let token): [Array("identity".utf8), Array(token.value.utf8)]
            case .asIs(let value): [Array("as-is".utf8), Array(value.value.utf8)]
            }
        code = HMACSHA256.code(key: Self.key, parts: [Array(registry.description.utf8)] + shown)
    }

    var description: String { "(principal)" }
}
