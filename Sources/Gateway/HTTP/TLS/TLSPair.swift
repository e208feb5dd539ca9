import Discovery
import Glibc
import NIOSSL
import SystemPackage

/// A certificate with its chain, and the key to it, as they stand in their files.
struct TLSPair {
    /// No chain is larger.
    private static let limit = 1 << 20

    private let files: TLSFiles
    private let certificates: [NIOSSLCertificate]
    private let key: NIOSSLPrivateKey

    /// Reads the files. Blocks.
    init(_ files: TLSFiles) throws(TLSFileError) {
        self.files = files
        let chain = try Self.read(files.certificate)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(chain), !certificates.isEmpty else {
            throw TLSFileError(
                .noPEM,
                "\(files.certificate) has no certificate that can be read: it must be PEM, the server's own certificate first, "
                    + "then those that lead to one that clients trust")
        }
        self.certificates = certificates
        let bytes = try Self.read(files.privateKey)
        do {
            key = try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            // The library's error is left out: nobody knows what it quotes.
            throw TLSFileError(
                .noPEM,
                "\(files.privateKey) has no key that can be read: it must be PEM and without a passphrase; "
                    + "openssl pkey -in FILE -out NEW takes one away")
        }
    }

    /// What connections are made with: TLS 1.2 and 1.3.
    func context() throws(TLSFileError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFileError(
                .mismatch,
                "\(files.privateKey) is not the key of the first certificate in \(files.certificate.path) "
                    + "(\(files.certificate.key)): name the two that were made together", cause: error)
        }
    }

    /// Why clients will refuse it, by this machine's clock (seconds since 1970), which may be wrong.
    func complaint(at now: time_t) -> String? {
        guard let own = certificates.first else { return nil }
        if own.notValidAfter < now { return "the certificate is out of date: clients refuse it; renew it" }
        if own.notValidBefore > now { return "the certificate is not valid yet, or this machine's clock is wrong" }
        return nil
    }

    private static func read(_ file: TLSFiles.File) throws(TLSFileError) -> [UInt8] {
        let bytes: [UInt8]?
        do {
            bytes = try SmallFile.read(file.path, limit: limit)
        } catch Errno.permissionDenied {
            throw TLSFileError(
                .unreadable,
                "\(file) may not be read by the agent's user; chown root:GROUP, its group, and chmod 640",
                cause: Errno.permissionDenied)
        } catch {
            throw TLSFileError(.unreadable, "\(file) cannot be read (\(error)); name a file that can", cause: error)
        }
        guard let bytes else {
            throw TLSFileError(.unreadable, "\(file) is larger than \(limit) bytes; is it a certificate or key?")
        }
        return bytes
    }
}
