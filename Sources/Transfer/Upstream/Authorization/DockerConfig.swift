import FoundationEssentials
import OCI

/// Docker's `config.json`, as far as it holds credentials itself. Helpers (`credsStore`, `credHelpers`) are not run.
struct DockerConfig: Decodable, Sendable {
    private let credentials: [RegistryName: Credential]
    /// Some credentials are not in the file but with programs.
    let namesHelpers: Bool

    func credential(for registry: RegistryName) -> Credential? { credentials[registry] }

    private enum CodingKeys: String, CodingKey { case auths, credsStore, credHelpers }

    init(from decoder: any Decoder) throws {
        let file = try decoder.container(keyedBy: CodingKeys.self)
        let store = try? file.decodeIfPresent(String.self, forKey: .credsStore)
        let helpers = try? file.decodeIfPresent([String: String].self, forKey: .credHelpers)
        namesHelpers = store.map { !$0.isEmpty } ?? false || helpers.map { !$0.isEmpty } ?? false
        let entries = try file.decodeIfPresent([String: Entry].self, forKey: .auths) ?? [:]
        var credentials: [RegistryName: Credential] = [:]
        // The shortest spelling of a registry counts: the others may be meant for a part of it.
        for (key, entry) in entries.sorted(by: { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }) {
            guard let registry = Self.registry(named: key), credentials[registry] == nil else { continue }
            credentials[registry] = entry.credential
        }
        self.credentials = credentials
    }

    /// Docker writes registries in several ways: `ghcr.io`, `https://ghcr.io`, `https://index.docker.io/v1/`.
    static func registry(named key: String) -> RegistryName? {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        return try? RegistryName(rest.prefix { $0 != "/" })
    }

    private struct Entry: Decodable {
        var credential: Credential?

        private enum CodingKeys: String, CodingKey { case auth, username, password, identitytoken }

        /// What makes no sense in one entry must not cost the others: it is no credential.
        init(from decoder: any Decoder) throws {
            guard let entry = try? decoder.container(keyedBy: CodingKeys.self) else { return }
            func text(_ key: CodingKeys) -> String? {
                guard let text = try? entry.decodeIfPresent(String.self, forKey: key), !text.isEmpty else { return nil }
                return text
            }
            if let token = text(.identitytoken) {
                credential = .identityToken(Secret(token))
            } else if let user = text(.username), let password = text(.password) {
                credential = .password(user: user, Secret(password))
            } else if let auth = text(.auth), let data = Data(base64Encoded: auth) {
                let pair = String(decoding: data, as: UTF8.self)
                guard let colon = pair.firstIndex(of: ":"), colon > pair.startIndex else { return }
                // Old versions of docker padded the password with NULs.
                let password = pair[pair.index(after: colon)...].prefix { $0 != "\0" }
                credential = .password(user: String(pair[..<colon]), Secret(String(password)))
            }
        }
    }
}
