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

    @Test("What peers say of an image is enough to ask, and a tag that upstream tells is an answer")
    func claimed() async throws {
        try await GateScene.run(isKnown: false) { scene in
            scene.knowledge.set { $0.claimed[scene.manifest] = [.registry(scene.origin)] }
            #expect(await scene.admits(GateScene.wrong) == false)
            scene.gate.named(scene.manifest, at: scene.origin, as: GateScene.wrong, anonymous: false)
            #expect(await scene.admits(GateScene.wrong) == true)
        }
    }

    @Test("A manifest follows the index that names it, unless it is another repository's")
    func index() async throws {
        try await GateScene.run { scene in
            let (child, foreign) = (Digest.numbered(1), Digest.numbered(2))
            let other = try Origin.of("library/other")
            scene.knowledge.set { state in
                for digest in [child, foreign] { state.parents[digest] = [scene.manifest] }
                state.claimed[foreign] = [.registry(other)]
            }
            #expect(await scene.admits(GateScene.anna, child) == nil)
            #expect(await scene.admits(GateScene.anna) == true)
            let asked = scene.stub.requests.count
            #expect(await scene.admits(GateScene.anna, child) == true)
            #expect(await scene.admits(GateScene.anna, foreign) == nil)
            #expect(await scene.admits(GateScene.wrong, child) == nil)
            #expect(scene.stub.requests.count == asked)
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
