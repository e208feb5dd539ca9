import FoundationEssentials
import OCI

@testable import Transfer

/// Who is who: Docker's `config.json`, what a token server answers, a registry's challenge, and the `Authorization` of clients and peers.
/// The first byte says which.
enum CredentialTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        switch first {
        case UInt8(ascii: "d"): config(Data(rest))
        case UInt8(ascii: "t"): token(Data(rest))
        case UInt8(ascii: "c"): challenge(String(decoding: rest, as: UTF8.self))
        default: authorization(String(decoding: rest, as: UTF8.self))
        }
    }

    private static func config(_ bytes: Data) {
        guard let config = try? JSONDecoder().decode(DockerConfig.self, from: bytes) else { return }
        for name in ["docker.io", "ghcr.io", "registry.example.com:5000"] {
            guard let registry = try? RegistryName(name), let credential = config.credential(for: registry) else {
                continue
            }
            if let basic = credential.basic {
                require(isFieldValue(basic.value), "a credential does not fit into a header")
            }
        }
    }

    private static func token(_ bytes: Data) {
        guard let token = try? JSONDecoder().decode(TokenDocument.self, from: bytes) else { return }
        if let value = token.authorization {
            require(isFieldValue(value.value), "a token does not fit into a header")
        }
        require(token.lifetime >= .seconds(50) && token.lifetime <= .seconds(86_400), "a token for \(token.lifetime)")
    }

    /// Credentials go to the registry's own host, or to another over https.
    private static func challenge(_ text: String) {
        for challenge in AuthChallenge.parse([text]) {
            guard let realm = challenge.realm, let url = URL(string: realm), let origin = WebOrigin(url) else {
                continue
            }
            require(origin.scheme == "http" || origin.scheme == "https", "a realm that is no web: \(origin)")
            for registry in ["https://registry.example.com", "http://registry.example.com"].compactMap(
                URL.init(string:))
            {
                guard let registry = WebOrigin(registry),
                    RealmRule.allowsCredentials(registry: registry, realm: origin)
                else { continue }
                let isOwn = origin.host == registry.host && registry.scheme == "http"
                require(origin.scheme == "https" || isOwn, "a password would go to \(origin) in the open")
            }
        }
    }

    private static func authorization(_ text: String) {
        if let basic = BasicCredentials(authorization: text) {
            require(!basic.user.contains(":"), "a user with a colon in it: \(basic.user)")
            require(!(basic.user + basic.password).utf8.contains(0), "a zero byte would end the password for crypt(3)")
        }
        if let shoal = PeerAuthorization(header: text) {
            require(PeerAuthorization(header: shoal.header) == shoal, "\(shoal.header) is not what it was made of")
        }
        if let proof = PeerProof(header: text) {
            require(PeerProof(header: proof.header) == proof, "\(proof.header) is not what it was made of")
        }
    }

    private static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }
}
