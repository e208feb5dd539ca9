import Content
import Integrity
import OCI

extension SpoolOrigin {
    /// New with each agent: a client's right is a secret, and a code that anybody could compute would let it be guessed from the disk.
    private static let secret = SecureRandom.bytes(HMACSHA256.length)

    /// - Parameter registry: nil gives nil: then nobody is asked.
    init?(_ registry: RegistryName?, as identity: UpstreamIdentity) {
        guard let registry else { return nil }
        let name = Array(registry.description.utf8)
        switch identity {
        case .node: self.init(code: HMACSHA256.code(key: [], Array("node".utf8), name))
        case .anybody: self.init(code: HMACSHA256.code(key: [], Array("anybody".utf8), name))
        case .client(let right):
            self.init(code: HMACSHA256.code(key: Self.secret, Array((right.value ?? "").utf8), name))
        }
    }
}
