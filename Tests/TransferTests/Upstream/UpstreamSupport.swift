import Logging
import NIOCore
import NIOPosix
import OCI
import Synchronization
import SystemPackage

@testable import Transfer

/// A stub registry, and a client for which it is `registry.test`, named by an `[upstream]` table.
struct UpstreamFixture {
    static let registryName = "registry.test"

    var authentication = StubRegistry.Authentication.open
    var certificate: StubCertificate?
    /// Where the table says that it is; the stub's url where it says nothing.
    var table = UpstreamConfiguration.Registry()
    /// The host name in the stub's url, instead of its address.
    var hostName: String?
    /// Another registry's name for the stub.
    var otherName: String?
    /// Other registries' tables.
    var tables: [String: UpstreamConfiguration.Registry] = [:]
    var dockerConfig: FilePath?
    var connections = 8
    var limits = UpstreamTransport.Limits()
    var log = RecordedLog()

    func run<Value>(
        _ body: (_ stub: StubRegistry, _ client: UpstreamClient, _ origin: Origin) async throws -> Value
    ) async throws -> Value {
        try await StubRegistry.with(authentication, certificate: certificate) { stub in
            var table = table
            let url = hostName.map { "\(certificate == nil ? "http" : "https")://\($0):\(stub.port)" } ?? stub.url
            table.url = table.url ?? url
            var registries = [try RegistryName(Self.registryName): table]
            if let otherName { registries[try RegistryName(otherName)] = table }
            for (name, table) in tables { registries[try RegistryName(name)] = table }
            let client = UpstreamClient(
                configuration: UpstreamConfiguration(
                    registries: registries, dockerConfig: dockerConfig, connectionsPerRegistry: connections,
                    userAgent: "shoal/test"),
                group: .singletonMultiThreadedEventLoopGroup, limits: limits, logger: log.logger)
            do {
                let value = try await body(stub, client, .of("library/app"))
                await client.shutdown()
                return value
            } catch {
                await client.shutdown()
                throw error
            }
        }
    }
}

extension Origin {
    static func of(_ repository: String, at registry: String = UpstreamFixture.registryName) throws -> Origin {
        Origin(registry: try RegistryName(registry), repository: try RepositoryName(repository))
    }
}

extension UpstreamBody {
    /// All bytes to the end.
    func readAll() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self { chunk.withUnsafeReadableBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }
}

/// What tests ask for most.
extension UpstreamClient {
    func bytes(of blob: Digest, at origin: Origin) async throws -> [UInt8] {
        try await self.blob(blob, at: origin, range: nil).body.readAll()
    }

    func size(of blob: Digest, at origin: Origin) async throws -> Int64? {
        try await blobHead(blob, at: origin, deadline: .seconds(30))
    }

    func meaning(of reference: ManifestReference, at origin: Origin) async throws -> Digest? {
        try await head(reference, at: origin, accept: [], deadline: .seconds(30)).digest
    }
}

/// Bytes that differ from place to place.
func someBytes(_ count: Int) -> [UInt8] { Array(pattern.prefix(count)) }

private let pattern: [UInt8] = (0..<(1 << 19)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

func paths(blob: Digest, in repository: String = "library/app") -> String { "/v2/\(repository)/blobs/\(blob)" }

/// Whatever is logged.
final class RecordedLog: Sendable {
    private let lines = Mutex<[String]>([])

    var text: [String] { lines.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
        }
    }
}
