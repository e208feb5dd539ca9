import AsyncHTTPClient
import Discovery
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import OCI
import SystemPackage
import TLS
import Testing

@testable import Transfer

/// The client of peers and the real server, over TLS, with certificates of openssl's.
@Suite("Peers over TLS", .timeLimit(.minutes(2)))
struct PeerTLSTests {
    private let own = NodeID.random()
    private let server = LocalPeer([1, 2, 3, 4])

    private static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Asks a server with one certificate as a client with another; nil: plain HTTP.
    private func meet(
        server files: TLSFiles?, client own: TLSFiles?,
        _ body: (PeerClient, PeerAddress, _ server: TLSTroubles, _ client: TLSTroubles) async throws -> Void
    ) async throws {
        let there = TLSTroubles(logger: Self.silent)
        let here = TLSTroubles(logger: Self.silent)
        let identity = try files.map { try TLSIdentity($0, logger: Self.silent) }
        let client = PeerClient(
            group: .singletonMultiThreadedEventLoopGroup, node: self.own, signer: nil,
            tls: try own.map { try TLSIdentity($0, logger: Self.silent) }, troubles: here, patience: .long)
        do {
            try await server.serve(tls: identity, troubles: there) { address in
                try await body(client, address, there, here)
            }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    private func trouble(_ question: () async throws -> Void) async -> TLSTrouble? {
        do {
            try await question()
            return nil
        } catch {
            return error as? TLSTrouble
        }
    }

    @Test(
        "Nodes of one authority understand each other, whether their certificates name them or not",
        arguments: [true, false])
    func understood(isNamed: Bool) async throws {
        try await TemporaryFolder.with { folder in
            let authority = try StubAuthority("ca", in: folder)
            let files = try authority.sign("server", node: isNamed ? server.identity.id : nil)
            let client = try authority.sign("client", node: isNamed ? own : nil)
            try server.arrive()
            try await meet(server: files, client: client) { client, address, there, here in
                let document = try await client.node(at: address)
                #expect(document.id == server.identity.id)
                let blob = try await client.blob(
                    server.digest, of: server.identity.id, at: address, range: 0..<4, wait: .zero)
                let body = try await blob.body.collect(upTo: 10)
                #expect(Array(body.readableBytesView) == server.blob)
                _ = try await client.pieces(
                    of: server.digest, from: server.identity.id, at: address, began: nil, since: 0)
                #expect(server.asked == [own])
                #expect(there.warnings == [] && here.warnings == [])
            }
        }
    }

    @Test("A node with TLS and one without tell so, both of them, whoever asks", arguments: [true, false])
    func mixed(serverHasTLS: Bool) async throws {
        try await TemporaryFolder.with { folder in
            let files = try StubAuthority("ca", in: folder).sign("node")
            try await meet(server: serverHasTLS ? files : nil, client: serverHasTLS ? nil : files) {
                client, address, there, here in
                let seen = await trouble { _ = try await client.node(at: address) }
                let expected: TLSTrouble = serverHasTLS ? .speaksTLS : .speaksPlain
                #expect(seen == expected)
                #expect(here.warnings.count == 1)
                let mine = serverHasTLS ? "speaks TLS to peers" : "speaks plain HTTP"
                #expect(here.warnings.first?.contains(mine) == true)
                let theirs = serverHasTLS ? "speaks plain HTTP" : "speaks TLS to peers"
                try await eventually { there.warnings.first?.contains(theirs) == true }
            }
        }
    }

    @Test("Who has a certificate of another authority gets no answer, and hears why")
    func strangeClient() async throws {
        try await TemporaryFolder.with { folder in
            let (ours, others) = (try StubAuthority("ours", in: folder), try StubAuthority("others", in: folder))
            let client = try others.sign("client", trusting: ours)
            try await meet(server: try ours.sign("server"), client: client) { client, address, there, here in
                let seen = await trouble { _ = try await client.node(at: address) }
                #expect(seen == .refusesOurs)
                #expect(here.warnings.first?.contains("does not accept this node's certificate") == true)
                // The other side notes it when it has said so.
                try await eventually {
                    there.warnings.first?.contains("has no certificate that this node trusts") == true
                }
            }
        }
    }

    @Test("A server with a certificate of another authority is asked nothing")
    func strangeServer() async throws {
        try await TemporaryFolder.with { folder in
            let (ours, others) = (try StubAuthority("ours", in: folder), try StubAuthority("others", in: folder))
            let files = try others.sign("server", trusting: ours)
            try await meet(server: files, client: try ours.sign("client")) { client, address, there, here in
                let seen = await trouble {
                    _ = try await client.pieces(
                        of: server.digest, from: server.identity.id, at: address, began: nil, since: 0)
                }
                #expect(seen == .untrusted)
                #expect(server.asked.isEmpty)
                #expect(here.warnings.first?.contains("has no certificate that this node trusts") == true)
            }
        }
    }

    @Test("A certificate that is for servers alone is refused of a client")
    func serverCertificate() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try StubAuthority("ca", in: folder)
            let client = try authority.sign("client", usage: "serverAuth")
            try await meet(server: try authority.sign("server"), client: client) { client, address, _, _ in
                let seen = await trouble { _ = try await client.node(at: address) }
                #expect(seen == .refusesOurs)
            }
        }
    }

    @Test("A server whose certificate is another node's is not believed, neither who it is nor what it has")
    func impostor() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try StubAuthority("ca", in: folder)
            let other = NodeID.random()
            let id = server.identity.id
            let files = try authority.sign("server", node: other)
            try await meet(server: files, client: try authority.sign("client")) { client, address, _, here in
                let expected = TLSTrouble.otherNode(certified: other, claimed: id)
                let document = await trouble { _ = try await client.node(at: address) }
                #expect(document == expected)
                let report = await trouble {
                    _ = try await client.pieces(of: server.digest, from: id, at: address, began: nil, since: 0)
                }
                #expect(report == expected)
                let blob = await trouble {
                    _ = try await client.blob(server.digest, of: id, at: address, range: 0..<4, wait: .zero)
                }
                #expect(blob == expected)
                #expect(here.warnings.count == 1)
            }
        }
    }

    @Test("A client that says it is another node than its certificate is refused, and told of")
    func impostorAsks() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try StubAuthority("ca", in: folder)
            let other = NodeID.random()
            let files = try authority.sign("client", node: other)
            try await meet(server: try authority.sign("server"), client: files) { client, address, there, _ in
                await #expect(throws: PeerAnswerError.status(403)) {
                    _ = try await client.pieces(
                        of: server.digest, from: server.identity.id, at: address, began: nil, since: 0)
                }
                #expect(server.asked.isEmpty)
                try await eventually {
                    there.warnings.first?.contains("a certificate of node \(other), and is node \(own)") == true
                }
            }
        }
    }

    @Test("Files that change are used for what begins then, and what cannot be used changes nothing")
    func reload() async throws {
        try await TemporaryFolder.with { folder in
            let (old, new) = (try StubAuthority("old", in: folder), try StubAuthority("new", in: folder))
            let files = try old.sign("node")
            let identity = try TLSIdentity(files, logger: Self.silent)
            let (context, client) = (identity.context, try #require(identity.client))
            let path = try #require(files.authority).path
            try TemporaryFolder.write("no certificate", to: path)
            for _ in 0..<3 { identity.look() }
            #expect(identity.context === context)
            let kept = try #require(identity.client)
            #expect(kept.bestEffortEquals(client))
            let bundle = try #require(try SmallFile.read(new.file, limit: 1 << 20))
            try SmallFile.replace(path, with: bundle)
            identity.look()
            #expect(identity.context !== context)
            let changed = try #require(identity.client)
            #expect(!changed.bestEffortEquals(client))
        }
    }

    @Test("A certificate says which node it is for by a URI, and one that nobody can read is not used")
    func names() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try StubAuthority("ca", in: folder)
            func node(_ files: TLSFiles) throws -> CertifiedNode { try TLSIdentity(files, logger: Self.silent).node }
            #expect(try node(authority.sign("none")) == .anyNode)
            #expect(try node(authority.sign("other", uris: ["https://example.com/x"])) == .anyNode)
            #expect(try node(authority.sign("named", node: own, uris: ["https://example.com/x"])) == .node(own))
            let unclear = try authority.sign("unclear", uris: ["urn:shoal:node:me"])
            let error = #expect(throws: TLSFileError.self) { try node(unclear) }
            #expect(error?.code == .unclearNode)
            #expect(error?.message.hasPrefix("peers.tls.cert: ") == true)
        }
    }

    @Test("A certificate of another node than the one it is used by is a warning")
    func belongs() async throws {
        try await TemporaryFolder.with { folder in
            let files = try StubAuthority("ca", in: folder).sign("node", node: own)
            let identity = try TLSIdentity(files, logger: Self.silent)
            #expect(identity.warning == nil)
            identity.belongs(to: own)
            #expect(identity.warning == nil)
            let other = NodeID.random()
            identity.belongs(to: other)
            let warning = try #require(identity.warning)
            #expect(warning.hasPrefix("peers.tls.cert: "))
            #expect(warning.contains("node \(own)'s, and this is node \(other)"))
        }
    }

    @Test("A machine that does not answer a handshake, and at which nobody opens, is gone")
    func gone() async throws {
        try await TemporaryFolder.with { folder in
            let identity = try TLSIdentity(StubAuthority("ca", in: folder).sign("node"), logger: Self.silent)
            var patience = PeerPatience.long
            // Nothing but the knock ends it within the test's time.
            patience.handshake = .seconds(3600)
            patience.head = .seconds(3600)
            let pulses = MachinePulses { _, loop in loop.makeSucceededFuture(false) }
            let client = PeerClient(
                group: .singletonMultiThreadedEventLoopGroup, node: nil, signer: nil, tls: identity, patience: patience,
                pulses: pulses)
            let (accepted, accept) = AsyncStream<any Channel>.makeStream()
            let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    accept.yield(channel)
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let address = PeerAddress(host: "127.0.0.1", port: mute.localAddress?.port ?? 0)
            await #expect(throws: HTTPClientError.connectTimeout) {
                _ = try await client.blob(server.digest, of: .random(), at: address, range: 0..<4, wait: .zero)
            }
            try await mute.close()
            accept.finish()
            // The client does not end before the handshake has.
            for await channel in accepted { try? await channel.close() }
            await client.shutdown()
        }
    }
}
