import NIOSSL
import Synchronization
import SystemPackage

/// TLS configurations that trust an operator's certificates besides the system's.
///
/// A file is read once; one that cannot be read is tried again, since somebody may be mending it.
final class TrustRoots: Sendable {
    private let configurations = Mutex<[FilePath: TLSConfiguration]>([:])

    func configuration(trusting file: FilePath) throws(TransportFailure) -> TLSConfiguration {
        if let known = configurations.withLock({ $0[file] }) { return known }
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file.string), !certificates.isEmpty else {
            throw TransportFailure(
                .notAllowed, "its ca_file \(file) has no certificates that can be read; mend the file")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.additionalTrustRoots = [.certificates(certificates)]
        configurations.withLock { $0[file] = configuration }
        return configuration
    }
}
