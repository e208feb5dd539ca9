import Content
import FoundationEssentials
import Logging
import OCI
import SystemPackage

/// Where the agent's credentials for registries are: an `[upstream]` table, else docker's `config.json`.
struct CredentialSource: Sendable {
    private struct Login: Sendable {
        var user: String
        var password: WatchedFile<Secret>
    }

    private let logins: [RegistryName: Login]
    private let docker: WatchedFile<DockerConfig>?

    init(configuration: UpstreamConfiguration, logger: Logger) {
        var logins: [RegistryName: Login] = [:]
        for (registry, table) in configuration.registries {
            guard let user = table.username, !user.isEmpty else { continue }
            guard let path = table.passwordFile else {
                logger.warning(
                    "an upstream has a username and no password_file: its username is not used",
                    metadata: ["registry": "\(registry)"])
                continue
            }
            logins[registry] = Login(user: user, password: Self.watched(path, logger, parse: Self.password))
        }
        self.logins = logins
        docker = configuration.dockerConfig.map { path in
            Self.watched(path, logger) { bytes in
                let config = try JSONDecoder().decode(DockerConfig.self, from: Data(bytes))
                if config.namesHelpers {
                    logger.notice(
                        """
                        docker's configuration names credential helpers, which are not run; \
                        give username and password_file in the registry's [upstream] table
                        """, metadata: ["file": "\(path)"])
                }
                return config
            }
        }
    }

    /// A registry with a login of its own never gets another one from docker's file.
    func credential(for registry: RegistryName) -> Credential? {
        if let login = logins[registry] {
            return login.password.value.map { .password(user: login.user, $0) }
        }
        return docker?.value?.credential(for: registry)
    }

    private static func watched<Value: Sendable>(
        _ path: FilePath, _ logger: Logger, parse: @escaping @Sendable ([UInt8]) throws -> Value
    ) -> WatchedFile<Value> {
        WatchedFile(
            path,
            words: .init(file: "a file with credentials", consequence: "its registries are asked anonymously"),
            logger: logger, parse: parse)
    }

    /// The first line.
    @Sendable private static func password(_ bytes: [UInt8]) -> Secret {
        Secret(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self))
    }
}
