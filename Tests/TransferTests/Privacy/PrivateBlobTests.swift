import OCI
import Testing

@testable import Transfer

@Suite("Who may have private images: blobs, and what is asked for by digest alone", .timeLimit(.minutes(1)))
struct PrivateBlobTests {
    @Test("A blob follows the manifests that name it, and upstream is asked about those")
    func follows() async throws {
        try await GateScene.run { scene in
            #expect(await scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            #expect(Set(scene.stub.requests.map(\.path)) == ["/v2/library/app/manifests/\(scene.manifest)"])
            let asked = scene.stub.requests.count
            #expect(await scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            #expect(scene.stub.requests.count == asked)
            #expect(await !scene.admits(GateScene.wrong, blob: scene.blob, at: scene.origin))
            #expect(await !scene.admits(.node, blob: scene.blob, at: scene.origin))
        }
    }

    @Test("A blob of a public and of a private image is public")
    func shared() async throws {
        try await GateScene.run { scene in
            let (other, image) = (try Origin.of("library/other"), Digest.numbered(1))
            scene.knowledge.set { state in
                state.parents[scene.blob] = [scene.manifest, image]
                state.places[image] = [.registry(other)]
                state.publicity[.init(manifest: image, origin: other)] = .yes
            }
            #expect(await scene.admits(GateScene.wrong, blob: scene.blob, at: scene.origin))
            #expect(scene.stub.requests.isEmpty)
        }
    }

    @Test("A blob of a private image is not had by naming another repository that says that it has it")
    func elsewhere() async throws {
        try await GateScene.run { scene in
            let elsewhere = try Origin.of("library/public")
            scene.stub.route("/v2/library/public/blobs/\(scene.blob)") { _ in StubResponse(200) }
            #expect(await !scene.admits(.node, blob: scene.blob, at: elsewhere))
            #expect(scene.stub.requests(for: paths(blob: scene.blob, in: "library/public")).isEmpty)
        }
    }

    @Test("A blob of which nothing is known is asked of upstream itself, once for each client")
    func unknown() async throws {
        try await GateScene.run { scene in
            let blob = scene.stub.add(blob: someBytes(77))
            #expect(await !scene.admits(GateScene.wrong, blob: blob, at: scene.origin))
            #expect(await scene.admits(GateScene.anna, blob: blob, at: scene.origin))
            let asked = scene.stub.requests.count
            #expect(await scene.admits(GateScene.anna, blob: blob, at: scene.origin))
            #expect(scene.stub.requests.count == asked)
            #expect(await !scene.admits(.node, blob: blob, at: scene.origin))
        }
    }

    @Test("Content of which nothing is known and for which no registry is named is not had")
    func nowhere() async throws {
        try await GateScene.run { scene in
            #expect(await !scene.admits(GateScene.anna, blob: .numbered(9), at: nil))
            #expect(scene.stub.requests.isEmpty)
        }
    }

    @Test("What a client sent goes to the registry that it named, and to no other that has the blob")
    func otherRegistry() async throws {
        try await GateScene.run { scene in
            let elsewhere = try Origin.of("library/app", at: "elsewhere.test")
            for named in [elsewhere, nil] {
                #expect(await !scene.admits(GateScene.anna, blob: scene.blob, at: named))
            }
            #expect(scene.stub.requests.isEmpty)
        }
    }

    @Test("A manifest is no blob: what names it, and a registry that says that it has it, do not open it")
    func manifestAsBlob() async throws {
        try await GateScene.run { scene in
            let elsewhere = try Origin.of("library/public")
            let index = Digest.numbered(1)
            scene.knowledge.set { state in
                state.parents[scene.manifest] = [index]
                state.indexes[scene.manifest] = [index]
                state.places[index] = [.registry(elsewhere)]
                state.publicity[.init(manifest: index, origin: elsewhere)] = .yes
            }
            scene.stub.route("/v2/library/public/blobs/\(scene.manifest)") { _ in StubResponse(200) }
            #expect(await !scene.admits(GateScene.wrong, blob: scene.manifest, at: elsewhere))
            #expect(await scene.admits(GateScene.wrong) == false)
        }
    }

    @Test("What a registry says of a blob is no word about a manifest")
    func kinds() async throws {
        try await GateScene.run { scene in
            let secret = Digest.numbered(1)
            scene.stub.route("/v2/library/app/blobs/\(secret)") { _ in StubResponse(200) }
            let leave = try await scene.gate.admit(secret, at: scene.origin, as: GateScene.wrong)
            #expect(leave == .asAsked)
            #expect(await scene.admits(GateScene.wrong, secret) == nil)
            await #expect(throws: FetchError.self) {
                try await scene.gate.admit(secret, kind: .manifest, at: scene.origin, as: GateScene.wrong)
            }
        }
    }

    @Test("A manifest in a blob is had by its own rules, or from a registry that gives it")
    func manifestInBlob() async throws {
        try await GateScene.run { scene in
            let given = scene.stub.add(blob: Array("a list of images".utf8))
            let secret = Digest.numbered(1)
            scene.stub.route("/v2/library/app/blobs/\(secret)") { _ in .text(200, "something else") }
            func isHad(_ digest: Digest, _ client: UpstreamIdentity, at origin: Origin?) async -> Bool {
                (try? await scene.gate.admit(manifestInBlob: digest, at: origin, as: client)) != nil
            }
            #expect(await isHad(scene.manifest, GateScene.anna, at: scene.origin))
            #expect(await !isHad(scene.manifest, GateScene.wrong, at: scene.origin))
            #expect(await isHad(given, GateScene.anna, at: scene.origin))
            #expect(await !isHad(given, GateScene.wrong, at: scene.origin))
            #expect(await !isHad(given, .node, at: nil))
            #expect(await !isHad(secret, GateScene.anna, at: scene.origin))
        }
    }

    // MARK: Many manifests that name it

    @Test("What a client is pulling is asked about first, whatever else names the blob and is gone from upstream")
    func manyBearers() async throws {
        try await GateScene.run { scene in
            let gone = (1...6).map { Digest.numbered($0) }
            scene.knowledge.set { state in
                state.parents[scene.blob] = Set(gone + [scene.manifest])
                for digest in gone { state.places[digest] = [.registry(scene.origin)] }
            }
            #expect(await scene.admits(GateScene.anna) == true)
            scene.clock.pass(Confirmations.validity)
            let asked = scene.stub.requests.count
            #expect(await scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            let paths = Set(scene.stub.requests.dropFirst(asked).map(\.path))
            #expect(paths == ["/v2/library/app/manifests/\(scene.manifest)"])
        }
    }

    @Test("An index that a client was let have counts for the manifest that it names")
    func bearerOfIndex() async throws {
        try await GateScene.run { scene in
            let (gone, child) = ((1...6).map { Digest.numbered($0) }, Digest.numbered(200))
            scene.knowledge.set { state in
                state.parents[scene.blob] = Set(gone + [child])
                for digest in gone + [child] { state.places[digest] = [.registry(scene.origin)] }
                state.indexes[child] = [scene.manifest]
            }
            #expect(await scene.admits(GateScene.anna) == true)
            scene.clock.pass(Confirmations.validity)
            let asked = scene.stub.requests.count
            #expect(await !scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            let first = try #require(scene.stub.requests.dropFirst(asked).first?.path)
            #expect(first == "/v2/library/app/manifests/\(child)")
        }
    }

    @Test(
        "No more than four manifests are asked about for a blob, and those that upstream is not asked about do not count"
    )
    func questions() async throws {
        try await GateScene.run { scene in
            let (gone, elsewhere) = ((1...6).map { Digest.numbered($0) }, Digest.numbered(100))
            scene.knowledge.set { state in
                state.parents[scene.blob] = Set(gone + [scene.manifest])
                for digest in gone { state.places[digest] = [.registry(scene.origin)] }
            }
            #expect(await !scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            #expect(Set(scene.stub.requests.map(\.path)).count == 4)
            scene.knowledge.set { state in
                for digest in gone {
                    state.places[digest] = nil
                    state.indexes[digest] = [elsewhere]
                }
                state.places[elsewhere] = [.registry(scene.origin)]
            }
            #expect(await scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
        }
    }

    // MARK: The local namespace

    @Test("What is pushed makes nothing a manifest that it names as a layer")
    func namedAsLayer() async throws {
        try await GateScene.run(isKnown: false) { scene in
            let pushed = Digest.numbered(1)
            scene.knowledge.set { state in
                state.parents[scene.manifest] = [pushed]
                state.places[pushed] = [.local]
            }
            #expect(await !scene.admits(.node, blob: scene.manifest, at: nil))
            let blob = Digest.numbered(2)
            scene.knowledge.set { $0.parents[blob] = [pushed] }
            let leave = try await scene.gate.admit(blob, at: nil, as: .node)
            #expect(leave == .whatever)
            await #expect(throws: FetchError.self) {
                try await scene.gate.admit(blob, kind: .manifest, at: nil, as: .node)
            }
        }
    }

    @Test("What was pushed or imported here, and what it names, is had without a question")
    func local() async throws {
        try await GateScene.run(isKnown: false) { scene in
            let index = Digest.numbered(1)
            scene.knowledge.set { state in
                state.indexes[scene.manifest] = [index]
                state.places[index] = [.local]
            }
            #expect(await scene.admits(.node, blob: scene.blob, at: nil))
            #expect(await scene.admits(.node, blob: scene.manifest, at: nil))
            #expect(scene.stub.requests.isEmpty)
        }
    }

    @Test("What a neighbour has pushed is had, too")
    func neighbours() async throws {
        try await GateScene.run(isKnown: false) { scene in
            let image = Digest.numbered(3)
            scene.knowledge.set { $0.claimed[image] = [.local] }
            #expect(await scene.admits(.node, blob: image, at: nil))
        }
    }

    @Test(
        "A private image is not had by its digest under no registry's name, but by whom this node's credentials let have it"
    )
    func byDigest() async throws {
        try await GateScene.run { scene in
            #expect(await !scene.admits(.anybody, blob: scene.manifest, at: nil))
            #expect(await !scene.admits(.node, blob: scene.manifest, at: nil))
            scene.stub.set(.open)
            #expect(await scene.admits(.node, blob: scene.manifest, at: nil))
        }
    }
}
