import NIOHTTP1
import OCI
import Testing

@testable import Transfer

@Suite("Who may have private images: manifests", .timeLimit(.minutes(1)))
struct PrivateGateTests {
    @Test("Off, everything passes, and upstream is not asked")
    func off() async throws {
        try await GateScene.run(isOn: false) { scene in
            #expect(await scene.admits(GateScene.wrong) == true)
            #expect(await scene.admits(.node, blob: scene.blob, at: scene.origin))
            #expect(scene.gate.admitsUnasked(scene.manifest, at: scene.origin, as: .node))
            #expect(scene.stub.requests.isEmpty)
        }
    }

    @Test("What is known to be public costs no question")
    func isPublic() async throws {
        try await GateScene.run { scene in
            scene.knowledge.handedOut(scene.manifest, at: scene.origin)
            #expect(await scene.admits(GateScene.wrong) == true)
            #expect(await scene.admits(.node, blob: scene.blob, at: scene.origin))
            #expect(scene.stub.requests.isEmpty)
        }
    }

    @Test("Upstream is asked once by HEAD, as the client, and not again for minutes")
    func once() async throws {
        try await GateScene.run { scene in
            #expect(await scene.admits(GateScene.anna) == true)
            let asked = scene.stub.requests.count
            #expect(scene.stub.requests.allSatisfy { $0.method == .HEAD })
            scene.clock.pass(.seconds(299))
            #expect(await scene.admits(GateScene.anna) == true)
            #expect(scene.stub.requests.count == asked)
            scene.clock.pass(.seconds(1))
            #expect(await scene.admits(GateScene.anna) == true)
            #expect(scene.stub.requests.count > asked)
        }
    }

    @Test("Clients that ask at once, and one after the other, are each judged by what they sent")
    func each() async throws {
        try await GateScene.run { scene in
            let clients = [GateScene.anna, GateScene.wrong, .node, .anybody, GateScene.anna, GateScene.wrong]
            for _ in 0..<2 {
                let verdicts = await withTaskGroup(of: (Int, Bool?).self) { group in
                    for (number, client) in clients.enumerated() {
                        group.addTask { (number, await scene.admits(client)) }
                    }
                    return await group.reduce(into: [Int: Bool?]()) { $0[$1.0] = $1.1 }
                }
                let right = (0..<clients.count).filter { verdicts[$0] == true }
                #expect(right == [0, 4])
            }
        }
    }

    @Test("A right that was taken away ends when the time is over")
    func revoked() async throws {
        try await GateScene.run { scene in
            #expect(await scene.admits(GateScene.anna) == true)
            scene.stub.set(.basic([:]))
            #expect(await scene.admits(GateScene.anna) == true)
            scene.clock.pass(Confirmations.validity)
            #expect(await scene.admits(GateScene.anna) == false)
            #expect(await !scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
        }
    }

    @Test("While upstream is away, what was confirmed lately is had, and nothing else")
    func away() async throws {
        try await GateScene.run { scene in
            #expect(await scene.admits(GateScene.anna) == true)
            await scene.stub.stop()
            #expect(await scene.admits(GateScene.anna) == true)
            #expect(await scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            #expect(await scene.admits(.node) == false)
            #expect(await !scene.admits(.node, blob: scene.blob, at: scene.origin))
            scene.clock.pass(Confirmations.validity)
            #expect(await scene.admits(GateScene.anna) == false)
        }
    }

    @Test("While upstream is away, what was public the last time stays so")
    func onceWasPublic() async throws {
        try await GateScene.run { scene in
            scene.knowledge.set {
                $0.publicity[.init(manifest: scene.manifest, origin: scene.origin)] = .wasOnce
            }
            await scene.stub.stop()
            #expect(await scene.admits(.node) == true)
        }
    }

    @Test("What needed no credentials is for everybody from then on")
    func anonymous() async throws {
        try await GateScene.run { scene in
            scene.stub.set(.open)
            #expect(await scene.admits(GateScene.wrong) == true)
            #expect(scene.knowledge.handedOut.map(\.manifest) == [scene.manifest])
            let asked = scene.stub.requests.count
            #expect(await scene.admits(.node) == true)
            #expect(scene.stub.requests.count == asked)
        }
    }

    // MARK: Whose image it is

    @Test("A registry that is not known to have an image has to give it, whatever it says")
    func unknown() async throws {
        try await GateScene.run(isKnown: false) { scene in
            #expect(await scene.admits(GateScene.anna) == nil)
            scene.gate.named(scene.manifest, at: scene.origin, as: GateScene.anna, anonymous: false)
            scene.gate.named(scene.manifest, at: scene.origin, as: .node, anonymous: true)
            #expect(await scene.admits(GateScene.anna) == nil)
            #expect(scene.knowledge.handedOut.isEmpty)
            scene.gate.gave(scene.manifest, at: scene.origin, as: GateScene.anna, anonymous: false)
            #expect(await scene.admits(GateScene.anna) == true)
            #expect(await scene.admits(GateScene.wrong) == nil)
        }
    }

    @Test("Docker Hub's word is enough for what nothing is known of: it lies not, and counts pulls")
    func dockerHub() async throws {
        try await GateScene.run(isKnown: false) { scene in
            func step(_ registry: String) throws -> PrivateStanding.Step {
                let origin = try Origin.of("library/app", at: registry)
                return scene.gate.standing(of: scene.gate.entry(scene.manifest, origin, .anybody)).step
            }
            let steps = try ["docker.io", "ghcr.io"].map(step)
            #expect(steps == [.ask, .fetch])
        }
    }

    @Test("What peers say of an image is enough to ask, and a tag that upstream tells is an answer")
    func claimed() async throws {
        try await GateScene.run(isKnown: false) { scene in
            scene.knowledge.set { $0.claimed[scene.manifest] = [.registry(scene.origin)] }
            #expect(await scene.admits(GateScene.wrong) == false)
            scene.gate.named(scene.manifest, at: scene.origin, as: GateScene.wrong, anonymous: false)
            #expect(await scene.admits(GateScene.wrong) == true)
        }
    }

    @Test("A manifest follows the index that names it, if it is known to be of the repository itself")
    func index() async throws {
        try await GateScene.run { scene in
            let (child, foreign, unknown) = (Digest.numbered(1), Digest.numbered(2), Digest.numbered(3))
            let other = try Origin.of("library/other")
            scene.knowledge.set { state in
                for digest in [child, foreign, unknown] { state.indexes[digest] = [scene.manifest] }
                state.places[child] = [.registry(scene.origin)]
                state.claimed[foreign] = [.registry(other)]
            }
            #expect(await scene.admits(GateScene.anna) == true)
            let asked = scene.stub.requests.count
            #expect(await scene.admits(GateScene.anna, child) == true)
            for digest in [foreign, unknown] { #expect(await scene.admits(GateScene.anna, digest) == nil) }
            #expect(scene.stub.requests.count == asked)
            #expect(await scene.admits(GateScene.wrong, child) == false)
        }
    }

    @Test("An index of a public image does not open what it names, whether its registry answers or not")
    func lyingIndex() async throws {
        try await GateScene.run { scene in
            let (secret, elsewhere) = (Digest.numbered(1), try Origin.of("library/app", at: "elsewhere.test"))
            scene.knowledge.set { state in
                state.indexes[secret] = [scene.manifest]
                state.claimed[secret] = [.registry(elsewhere)]
            }
            scene.knowledge.handedOut(scene.manifest, at: scene.origin)
            #expect(await scene.admits(GateScene.wrong) == true)
            #expect(await scene.admits(GateScene.wrong, secret) == nil)
            scene.knowledge.set { $0.claimed[secret] = nil }
            #expect(await scene.admits(GateScene.wrong, secret) == nil)
            await scene.stub.stop()
            #expect(await scene.admits(GateScene.wrong, secret) == nil)
        }
    }

    @Test("While upstream is away, a manifest that is only at peers is had if it was public, or confirmed lately")
    func childWhileAway() async throws {
        try await GateScene.run { scene in
            let (child, confirmed, unknown) = (Digest.numbered(1), Digest.numbered(2), Digest.numbered(3))
            scene.knowledge.handedOut(scene.manifest, at: scene.origin)
            scene.knowledge.set { state in
                for digest in [child, confirmed, unknown] { state.indexes[digest] = [scene.manifest] }
                state.publicity[.init(manifest: child, origin: scene.origin)] = .wasOnce
            }
            scene.gate.gave(confirmed, at: scene.origin, as: GateScene.anna, anonymous: false)
            await scene.stub.stop()
            #expect(await scene.admits(.node, child) == true)
            #expect(await scene.admits(GateScene.anna, confirmed) == true)
            #expect(await scene.admits(.node, confirmed) == nil)
            #expect(await scene.admits(.node, unknown) == nil)
        }
    }

    @Test("Indexes that name each other as they like are each looked at once, and four deep")
    func manyIndexes() async throws {
        try await GateScene.run { scene in
            let width = 258
            func layer(_ number: Int) -> [Digest] { (0..<width).map { .numbered(1 + number * width + $0) } }
            let (lowest, outermost) = (layer(0)[0], Digest.numbered(5 * width + 1))
            scene.knowledge.set { state in
                for number in 0..<4 {
                    for digest in layer(number) { state.indexes[digest] = Set(layer(number + 1)) }
                    for digest in layer(number) { state.places[digest] = [.registry(scene.origin)] }
                }
                for digest in layer(4) {
                    state.places[digest] = [.registry(scene.origin)]
                    state.indexes[digest] = [outermost]
                }
                state.publicity[.init(manifest: outermost, origin: scene.origin)] = .yes
            }
            #expect(await scene.admits(GateScene.wrong, lowest) == false)
            #expect(scene.knowledge.climbed <= 4 * width)
            scene.knowledge.handedOut(layer(4)[width / 2], at: scene.origin)
            #expect(await scene.admits(GateScene.wrong, lowest) == true)
            #expect(scene.knowledge.climbed <= 8 * width)
        }
    }

    @Test("There is an end to how many indexes are looked at")
    func tooManyIndexes() async throws {
        try await GateScene.run { scene in
            let indexes = (1...60_000).map { Digest.numbered($0) }
            scene.knowledge.set { state in
                state.indexes[scene.manifest] = Set(indexes)
                for digest in indexes { state.indexes[digest] = [.numbered(0)] }
                for digest in indexes { state.places[digest] = [.registry(scene.origin)] }
            }
            #expect(await scene.admits(GateScene.wrong) == false)
            #expect(await !scene.admits(GateScene.wrong, blob: scene.blob, at: scene.origin))
            #expect(await scene.admits(GateScene.anna) == true)
            #expect(await scene.admits(GateScene.anna, blob: scene.blob, at: scene.origin))
            #expect(scene.knowledge.climbed < 100)
        }
    }

    @Test("Nothing that is logged tells what a client sent")
    func log() async throws {
        try await GateScene.run { scene in
            _ = await scene.admits(GateScene.anna)
            _ = await scene.admits(GateScene.wrong)
            await scene.stub.stop()
            _ = await scene.admits(GateScene.wrong)
            #expect(!scene.log.text.isEmpty)
            for line in scene.log.text {
                #expect(!line.contains("secret") && !line.contains("wrong") && !line.contains("Basic "))
            }
        }
    }
}
