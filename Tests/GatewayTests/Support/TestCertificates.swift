import Discovery
import Gateway
import Logging
import NIOCore
import NIOSSL
import SystemPackage
import TLS

/// Certificates and keys for tests, and for nothing else: the keys are public. Valid from 2020 to 2120, for localhost and loopback.
///
/// Made by `openssl ecparam -name prime256v1 -genkey` and `openssl ca`; the root's key is gone.
enum TestCertificates {
    /// Signed the others.
    static let root = """
        -----BEGIN CERTIFICATE-----
        MIIBaDCCAQ6gAwIBAgICEAAwCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPU2hvYWwg
        dGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAaMRgw
        FgYDVQQDDA9TaG9hbCB0ZXN0IHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AAQFCVVLGBgYY110XS0/SVdzOrl6wEqhc0nbaAMPcmh05ydhaBgUA/e1uYR3BKxs
        dIUnmbcGIEYji55XdlcZ8N/Go0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB
        /wQEAwICBDAdBgNVHQ4EFgQUpeZVLW+MKyqTwTsYXcV3fCEBb+UwCgYIKoZIzj0E
        AwIDSAAwRQIhALv5s3/tFfEXUId6OwuQyMuWDI32UgGcPz+iJIYe4nmfAiArn/OE
        vaVWt4z4PFPtR2LLjxM8mcSdLaVDLhQeqw22mQ==
        -----END CERTIFICATE-----
        """

    /// `CN=shoal-test-first`
    static let first = """
        -----BEGIN CERTIFICATE-----
        MIIBzDCCAXKgAwIBAgICEAEwCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPU2hvYWwg
        dGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAbMRkw
        FwYDVQQDDBBzaG9hbC10ZXN0LWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
        QgAEKQo+obKaa0NI0PmgGRi+EdNn6yPUL1NQ5bojMC+QUzCD92oFODuIfY3M8dF4
        4aIK/K4F3AJZmWGnAtM8km8+rKOBpDCBoTAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB
        /wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAsBgNVHREEJTAjgglsb2NhbGhv
        c3SHBH8AAAGHEAAAAAAAAAAAAAAAAAAAAAEwHQYDVR0OBBYEFPRFLnlLGMeUSoFD
        56XNt40KtB/JMB8GA1UdIwQYMBaAFKXmVS1vjCsqk8E7GF3Fd3whAW/lMAoGCCqG
        SM49BAMCA0gAMEUCIQCg4mwtD2gIzWP1yILZy0q9/6wSAcEu2/y9yxl4YXGpXQIg
        WZWm8JdGnxKdZUr1tlHRo1ZTMmmoP1DwMgNeT6V5/Vc=
        -----END CERTIFICATE-----
        """

    /// Of ``first`` and ``old``.
    static let firstKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAnkbFTbeZzvt+rzx
        4M2gXgAiCTRoVIOBBk8Kkq1vsnyhRANCAAQpCj6hspprQ0jQ+aAZGL4R02frI9Qv
        U1DluiMwL5BTMIP3agU4O4h9jczx0Xjhogr8rgXcAlmZYacC0zySbz6s
        -----END PRIVATE KEY-----
        """

    /// `CN=shoal-test-second`
    static let second = """
        -----BEGIN CERTIFICATE-----
        MIIBzDCCAXOgAwIBAgICEAIwCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPU2hvYWwg
        dGVzdCByb290MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAcMRow
        GAYDVQQDDBFzaG9hbC10ZXN0LXNlY29uZDBZMBMGByqGSM49AgEGCCqGSM49AwEH
        A0IABBV76qFofEYRSlfyVe+goMZTZc6QffydZPGk2I+AW5iY0LIyZtnYazZF52vT
        wftAIQcEmmI1hAgO7R+BfE41d22jgaQwgaEwDAYDVR0TAQH/BAIwADAOBgNVHQ8B
        Af8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwLAYDVR0RBCUwI4IJbG9jYWxo
        b3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMB0GA1UdDgQWBBSkypdKJHZhfw9q
        WSx2H4BhtXPCSzAfBgNVHSMEGDAWgBSl5lUtb4wrKpPBOxhdxXd8IQFv5TAKBggq
        hkjOPQQDAgNHADBEAiAlSXnoqsb2TjwYRZR8JHy5EVxiHeFeMGi7PK097+3ezgIg
        bLLOvWKufm2w2/7gCOERgY1gR9cZk0q8vPqE6ru4sBg=
        -----END CERTIFICATE-----
        """

    /// Of ``second``.
    static let secondKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgROJfePEhLWUb4U9j
        GYlLMJ6SK7DDkO/lG/t2z9WWsb2hRANCAAQVe+qhaHxGEUpX8lXvoKDGU2XOkH38
        nWTxpNiPgFuYmNCyMmbZ2Gs2Redr08H7QCEHBJpiNYQIDu0fgXxONXdt
        -----END PRIVATE KEY-----
        """

    /// As ``first``, for the first of January 2020 only.
    static let old = """
        -----BEGIN CERTIFICATE-----
        MIIByjCCAXCgAwIBAgICEAMwCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPU2hvYWwg
        dGVzdCByb290MB4XDTIwMDEwMTAwMDAwMFoXDTIwMDEwMjAwMDAwMFowGzEZMBcG
        A1UEAwwQc2hvYWwtdGVzdC1maXJzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
        BCkKPqGymmtDSND5oBkYvhHTZ+sj1C9TUOW6IzAvkFMwg/dqBTg7iH2NzPHReOGi
        CvyuBdwCWZlhpwLTPJJvPqyjgaQwgaEwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8E
        BAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwLAYDVR0RBCUwI4IJbG9jYWxob3N0
        hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMB0GA1UdDgQWBBT0RS55SxjHlEqBQ+el
        zbeNCrQfyTAfBgNVHSMEGDAWgBSl5lUtb4wrKpPBOxhdxXd8IQFv5TAKBggqhkjO
        PQQDAgNIADBFAiEAzQFLW1W3kjRCEmAw0VpDHNUVLv4tILvSiotQLRqqfssCIBv4
        60aORAz9UqFSfOTOOazAJdjnX8Yh4i7yAyddO8BB
        -----END CERTIFICATE-----
        """

    /// ``firstKey`` under the passphrase `secret`.
    static let lockedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiukuMRAXrk/QICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAFysYKiE7w5QAiFfoLC/tAEgZBN
        e5df9ey9CN2HQP8uvlu6qN+j24TGYUA9PCzuqVMgm3V4bYdecinZa7MOz4f3euH/
        62qtR/W6T/K2YCo29f349lBrKZkBvn4WVLPJssDh9iXaTN75mwsbXT8RnGvyHA60
        r1ETTQQ0jJeLYLigBKr5G+qftS7VPIbb5lEK6MCACGRgGMPCpkwuwFZlmbW3+oE=
        -----END ENCRYPTED PRIVATE KEY-----
        """
}

/// What lies between a test's client and its server.
enum Wire: String, Sendable, CaseIterable {
    case plain, tls
}

extension TestCertificates {
    /// The first certificate, whose files are gone.
    static let identity = Result { () throws -> TLSIdentity in
        try withTemporaryFolder { folder in
            try TLSIdentity(write(first, firstKey, into: FilePath(folder)), logger: .silent)
        }
    }

    /// Trusts the root.
    static func client(_ change: (inout TLSConfiguration) -> Void = { _ in }) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        // Who waits for the server's close_notify while nobody reads waits in vain.
        configuration.shutdownTimeout = .milliseconds(100)
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(root.utf8)))
        change(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }

    /// Writes a pair, each file by a rename, as those who renew certificates do.
    @discardableResult
    static func write(_ certificate: String?, _ key: String?, into folder: FilePath) throws -> TLSFiles {
        let files = TLSFiles(
            certificate: .init(folder.appending("tls.crt"), key: "mirror.tls_cert"),
            privateKey: .init(folder.appending("tls.key"), key: "mirror.tls_key"))
        for (file, text) in [(files.certificate, certificate), (files.privateKey, key)] {
            guard let text else { continue }
            try SmallFile.replace(file.path, with: Array(text.utf8))
        }
        return files
    }
}
