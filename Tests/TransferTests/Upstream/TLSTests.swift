import OCI
import SystemPackage
import Testing

@testable import Transfer

struct TLSTests {
    private let bytes = someBytes(1000)

    @Test("A registry whose certificate is signed by ca_file is trusted")
    func customCA() async throws {
        try await StubCertificate.with { certificate in
            var fixture = UpstreamFixture(certificate: certificate)
            fixture.table.caFile = certificate.file
            try await fixture.run { stub, client, origin in
                let blob = stub.add(blob: bytes)
                let received = try await client.bytes(of: blob, at: origin)
                #expect(received == bytes)
                let receivedAgain = try await client.bytes(of: blob, at: origin)
                #expect(receivedAgain == bytes)
                #expect(stub.connections == 1)
            }
        }
    }

    @Test("A registry whose certificate nobody knows is not reached")
    func unknownCA() async throws {
        try await StubCertificate.with { certificate in
            try await UpstreamFixture(certificate: certificate).run { stub, client, origin in
                let blob = stub.add(blob: bytes)
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(blob, at: origin, range: nil)
                }
                #expect(error?.code == .unreachable)
                #expect(error?.message.contains("certificate") == true)
                #expect(client.isKnownUnreachable(origin.registry))
                #expect(stub.requests.isEmpty)
            }
        }
    }

    @Test("A certificate for another name is not accepted")
    func otherName() async throws {
        try await StubCertificate.with(names: ["other.test"], addresses: []) { certificate in
            var fixture = UpstreamFixture(certificate: certificate)
            fixture.hostName = "named.test"
            fixture.table.caFile = certificate.file
            fixture.limits.resolving = ["named.test": "127.0.0.1"]
            try await fixture.run { stub, client, origin in
                let blob = stub.add(blob: bytes)
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(blob, at: origin, range: nil)
                }
                #expect(error?.code == .unreachable)
                #expect(stub.requests.isEmpty)
            }
        }
    }

    @Test("A ca_file that cannot be read is named, and is no outage")
    func missingCA() async throws {
        var fixture = UpstreamFixture()
        fixture.table.caFile = "/nonexistent/ca.pem"
        try await fixture.run { _, client, origin in
            let error = await #expect(throws: UpstreamError.self) {
                try await client.tags(at: origin, count: nil, last: nil)
            }
            #expect(error?.code == .notAllowed)
            #expect(error?.message.contains("/nonexistent/ca.pem") == true)
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("Plain HTTP to a host that is not on loopback needs plain_http = true")
    func plainHTTP() async throws {
        var fixture = UpstreamFixture()
        fixture.tables = ["plain.test": .init(url: "http://192.0.2.1")]
        try await fixture.run { _, client, _ in
            let error = await #expect(throws: UpstreamError.self) {
                try await client.tags(at: .of("library/app", at: "plain.test"), count: nil, last: nil)
            }
            #expect(error?.code == .notAllowed)
            #expect(error?.message.contains("plain_http") == true)
        }
    }
}
