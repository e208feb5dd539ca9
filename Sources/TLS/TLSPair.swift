import Discovery
import Glibc
import NIOCore
import NIOSSL
import SystemPackage

/// A certificate with its chain, the key to it, and whom it trusts, as they stand in their files.
struct TLSPair {
    /// No chain is larger.
    private static let limit = 1 << 20
    /// How long who closes waits for the other side's word.
    private static let goodbye: Int64 = 100

    /// Which node the certificate is for.
    let node: CertifiedNode
    private let files: TLSFiles
    private let certificates: [NIOSSLCertificate]
    private let key: NIOSSLPrivateKey
    private let authority: [NIOSSLCertificate]?

    /// Reads the files. Blocks.
    init(_ files: TLSFiles) throws(TLSFileError) {
        self.files = files
        certificates = try Self.certificates(
            files.certificate,
            "it must be PEM, the node's own certificate first, then those that lead to one that the other side trusts")
        node = certificates.first.map { CertifiedNode($0) } ?? .anyNode
        // Of the mirror's nobody asks for which node it is.
        if files.authority != nil, case .unclear(let reason) = node {
            throw TLSFileError(.unclearNode, "\(files.certificate) cannot be used: \(reason); have it made anew")
        }
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
        if let file = files.authority {
            authority = try Self.certificates(
                file, "it must be PEM, the certificates of the authorities that sign the nodes'")
        } else {
            authority = nil
        }
    }

    /// What connections from others are made with: TLS 1.2 and 1.3. With an authority the other side must have a certificate of its.
    func context() throws(TLSFileError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        restrict(&configuration)
        return try context(configuration)
    }

    /// What connections to others are made with; nil without an authority, who would tell whom to trust.
    ///
    /// Whoever the authority has signed is trusted, at whatever address: nodes are found by addresses, which change, and no certificate
    /// names them.
    func client() throws(TLSFileError) -> TLSConfiguration? {
        guard authority != nil else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = certificates.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        // A body that is left in its midst is to stop at once.
        configuration.shutdownTimeout = .milliseconds(Self.goodbye)
        restrict(&configuration)
        _ = try context(configuration)
        return configuration
    }

    private func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        guard let authority else { return }
        configuration.trustRoots = .certificates(authority)
        configuration.certificateVerification = .noHostnameVerification
    }

    private func context(_ configuration: TLSConfiguration) throws(TLSFileError) -> NIOSSLContext {
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFileError(
                .mismatch,
                "\(files.privateKey) is not the key of the first certificate in \(files.certificate.path) "
                    + "(\(files.certificate.key)): name the two that were made together", cause: error)
        }
    }

    /// Why others will refuse it, by this machine's clock (seconds since 1970), which may be wrong.
    func complaint(at now: time_t) -> String? {
        guard let own = certificates.first else { return nil }
        if own.notValidAfter < now { return "the certificate is out of date: clients refuse it; renew it" }
        if own.notValidBefore > now { return "the certificate is not valid yet, or this machine's clock is wrong" }
        return nil
    }

    private static func certificates(
        _ file: TLSFiles.File, _ expectation: String
    ) throws(TLSFileError) -> [NIOSSLCertificate] {
        let bytes = try read(file)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw TLSFileError(.noPEM, "\(file) has no certificate that can be read: \(expectation)")
        }
        return certificates
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
