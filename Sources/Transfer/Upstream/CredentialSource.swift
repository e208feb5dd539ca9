import FoundationEssentials
import Logging
import OCI
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Where the agent's credentials for registries are: an `[upstream]` table, else docker's `config.json`.
///
/// Files are read when they are needed, so that a changed password counts at once.
struct CredentialSource: Sendable {
    private static let limit = 1 << 20

    let configuration: UpstreamConfiguration
    let logger: Logger

    func credential(for registry: RegistryName) -> Credential? {
        if let table = configuration.registries[registry], let user = table.username, !user.isEmpty {
            guard let path = table.passwordFile else {
                logger.warning("an upstream has a username and no password_file", metadata: ["registry": "\(registry)"])
                return nil
            }
            guard let bytes = read(path) else { return nil }
            let password = String(decoding: bytes, as: UTF8.self)
            return .password(user: user, Secret(String(password.prefix { $0 != "\n" && $0 != "\r\n" })))
        }
        guard let path = configuration.dockerConfig, let bytes = read(path) else { return nil }
        do {
            let file = try JSONDecoder().decode(DockerConfig.self, from: Data(bytes))
            return file.credential(for: registry)
        } catch {
            logger.warning(
                "docker's configuration cannot be read; no credentials are taken from it",
                metadata: ["file": "\(path)"])
            return nil
        }
    }

    private func read(_ path: FilePath) -> [UInt8]? {
        do {
            let file = try FileDescriptor.open(path, .readOnly)
            return try file.closeAfter {
                let size = min(Int(try file.seek(offset: 0, from: .end)), Self.limit)
                var bytes = [UInt8](repeating: 0, count: size)
                let count = try bytes.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: 0, into: $0) }
                return Array(bytes.prefix(count))
            }
        } catch {
            logger.warning(
                "a file with credentials cannot be read", metadata: ["file": "\(path)", "reason": "\(error)"])
            return nil
        }
    }
}

/// Docker's `config.json`, as far as it holds credentials itself. Helpers (`credsStore`, `credHelpers`) are not run.
struct DockerConfig: Decodable {
    struct Entry: Decodable {
        var auth: String?
        var username: String?
        var password: String?
        var identitytoken: String?
    }

    var auths: [String: Entry]?

    func credential(for registry: RegistryName) -> Credential? {
        for (key, entry) in (auths ?? [:]).sorted(by: { $0.key < $1.key }) where Self.registry(named: key) == registry {
            if let token = entry.identitytoken, !token.isEmpty { return .identityToken(Secret(token)) }
            if let user = entry.username, let password = entry.password, !user.isEmpty {
                return .password(user: user, Secret(password))
            }
            if let auth = entry.auth, let data = Data(base64Encoded: auth) {
                let text = String(decoding: data, as: UTF8.self)
                guard let colon = text.firstIndex(of: ":") else { continue }
                let password = text[text.index(after: colon)...].prefix { $0 != "\0" }
                return .password(user: String(text[..<colon]), Secret(String(password)))
            }
        }
        return nil
    }

    /// Docker writes hosts in several ways: `ghcr.io`, `https://ghcr.io`, `https://index.docker.io/v1/`.
    static func registry(named key: String) -> RegistryName? {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        return try? RegistryName(rest.prefix { $0 != "/" })
    }
}
