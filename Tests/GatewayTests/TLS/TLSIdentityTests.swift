import Discovery
import Glibc
import Logging
import NIOSSL
import Synchronization
import SystemPackage
import Testing

@testable import TLS

@Suite("Certificates", .timeLimit(.minutes(1)))
struct TLSIdentityTests {
    /// What a logger was told, level and text.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        var logger: Logger {
            Logger(label: "test") { _ in Handler(lines: self) }
        }

        struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.debug

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                let reason = event.metadata?["reason"].map { " \($0)" } ?? ""
                lines.lines.withLock { $0.append("\(event.level): \(event.message)\(reason)") }
            }
        }
    }

    private static func identity(
        _ certificate: String?, _ key: String?, _ folder: String, _ lines: Lines = Lines()
    ) throws -> TLSIdentity {
        let files = try TestCertificates.write(certificate, key, into: FilePath(folder))
        return try TLSIdentity(files, logger: lines.logger)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var certificate: String?
        var key: String?
        var code: TLSFileError.Code
        /// The configuration's key that the message begins with.
        var names: String
        var mend: String
    }

    @Test(
        "A pair that cannot be used is an error that names key, file and mend, and quotes neither file",
        arguments: [
            Bad(
                testDescription: "no certificate's file", key: TestCertificates.firstKey, code: .unreadable,
                names: "mirror.tls_cert", mend: "name a file that can"),
            Bad(
                testDescription: "no key's file", certificate: TestCertificates.first, code: .unreadable,
                names: "mirror.tls_key", mend: "name a file that can"),
            Bad(
                testDescription: "an empty certificate", certificate: "", key: TestCertificates.firstKey, code: .noPEM,
                names: "mirror.tls_cert", mend: "must be PEM"),
            Bad(
                testDescription: "a key in the certificate's place", certificate: TestCertificates.firstKey,
                key: TestCertificates.firstKey, code: .noPEM, names: "mirror.tls_cert", mend: "must be PEM"),
            Bad(
                testDescription: "half a certificate", certificate: String(TestCertificates.first.prefix(300)),
                key: TestCertificates.firstKey, code: .noPEM, names: "mirror.tls_cert", mend: "must be PEM"),
            Bad(
                testDescription: "a certificate in the key's place", certificate: TestCertificates.first,
                key: TestCertificates.first, code: .noPEM, names: "mirror.tls_key", mend: "without a passphrase"),
            Bad(
                testDescription: "a key under a passphrase", certificate: TestCertificates.first,
                key: TestCertificates.lockedKey, code: .noPEM, names: "mirror.tls_key", mend: "openssl pkey"),
            Bad(
                testDescription: "another certificate's key", certificate: TestCertificates.first,
                key: TestCertificates.secondKey, code: .mismatch, names: "mirror.tls_key", mend: "made together"),
            Bad(
                testDescription: "a chain that begins with another certificate",
                certificate: TestCertificates.root + "\n" + TestCertificates.first, key: TestCertificates.firstKey,
                code: .mismatch, names: "mirror.tls_key", mend: "made together"),
            Bad(
                testDescription: "a file too large", certificate: String(repeating: "x", count: (1 << 20) + 1),
                key: TestCertificates.firstKey, code: .unreadable, names: "mirror.tls_cert", mend: "larger than"),
        ])
    func bad(pair: Bad) throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: TLSFileError.self) {
                try Self.identity(pair.certificate, pair.key, folder)
            }
            let message = try #require(error?.message)
            #expect(error?.code == pair.code)
            #expect(message.hasPrefix("\(pair.names): \(folder)/tls."), "\(message)")
            #expect(message.contains(pair.mend), "\(message)")
            for line in TestCertificates.firstKey.split(separator: "\n") { #expect(!message.contains(line)) }
        }
    }

    @Test("A chain may follow the server's certificate")
    func chain() throws {
        try withTemporaryFolder { folder in
            let lines = Lines()
            let chain = TestCertificates.first + "\n" + TestCertificates.root
            _ = try Self.identity(chain, TestCertificates.firstKey, folder, lines)
            #expect(lines.all == [])
        }
    }

    @Test("A certificate that is out of date is used, with a warning")
    func outOfDate() throws {
        try withTemporaryFolder { folder in
            let lines = Lines()
            _ = try Self.identity(TestCertificates.old, TestCertificates.firstKey, folder, lines)
            #expect(lines.all == ["warning: the certificate is out of date: clients refuse it; renew it"])
        }
    }

    @Test("One that goes bad is told once, and the old one stays until there is a good one")
    func goesBad() throws {
        try withTemporaryFolder { folder in
            let lines = Lines()
            let identity = try Self.identity(TestCertificates.first, TestCertificates.firstKey, folder, lines)
            let first = identity.context
            identity.look()
            #expect(identity.context === first)
            // Half of a change: at the next look the other half may be there.
            try TestCertificates.write(TestCertificates.second, nil, into: FilePath(folder))
            identity.look()
            #expect(lines.all == [])
            for _ in 0..<3 { identity.look() }
            #expect(identity.context === first)
            #expect(lines.all.count == 1)
            #expect(
                lines.all[0].hasPrefix(
                    "warning: the certificate has changed and cannot be used; the old one stays mirror.tls_key: "))
            try TestCertificates.write(nil, TestCertificates.secondKey, into: FilePath(folder))
            identity.look()
            #expect(identity.context !== first)
            #expect(lines.all.dropFirst() == ["notice: the certificate has changed and is in use"])
        }
    }

    @Test("A file that is gone is told once, too")
    func goes() throws {
        try withTemporaryFolder { folder in
            let lines = Lines()
            let identity = try Self.identity(TestCertificates.first, TestCertificates.firstKey, folder, lines)
            let first = identity.context
            unlink("\(folder)/tls.key")
            for _ in 0..<4 { identity.look() }
            #expect(identity.context === first)
            #expect(lines.all.count == 1)
        }
    }

    @Test("A version that fails is told at the second look, once, and tried until it can be used")
    func plan() {
        var plan = ReloadPlan(using: 1)
        let wantsWhatIsUsed = plan.wants(1)
        #expect(!wantsWhatIsUsed)
        var told: [Bool] = []
        // It changed after the first look: that counts from anew.
        for version in [2, 3, 3, 3, 3] {
            let wants = plan.wants(version)
            #expect(wants)
            told.append(plan.failed(version))
        }
        #expect(told == [false, false, true, false, false])
        // What was wrong was the machine: the files are the same as before.
        let wantsStill = plan.wants(3)
        #expect(wantsStill)
        plan.loaded(3)
        let wantsLoaded = plan.wants(3)
        #expect(!wantsLoaded)
    }

    @Test("Files that are again what is in use are not read again, and what fails after that is told anew")
    func planReturns() {
        var plan = ReloadPlan(using: 1)
        for _ in 0..<2 {
            let isFirstTold = plan.failed(2)
            let isSecondTold = plan.failed(2)
            #expect([isFirstTold, isSecondTold] == [false, true])
            let wants = plan.wants(1)
            #expect(!wants)
        }
    }
}
