import FoundationEssentials
import OCI
import Synchronization

@testable import Transfer

/// What a node knows of its content, made up.
final class StubKnowledge: PrivateKnowledge {
    struct Image: Hashable {
        var manifest: Digest
        var origin: Origin
    }

    struct State {
        var publicity: [Image: Publicity] = [:]
        var places: [Digest: Set<ContentPlace>] = [:]
        var claimed: [Digest: Set<ContentPlace>] = [:]
        var parents: [Digest: Set<Digest>] = [:]
        var indexes: [Digest: Set<Digest>] = [:]
        var manifests: Set<Digest> = []
    }

    private let state = Mutex(State())
    private let climbs = Atomic<Int>(0)
    private let handed = Mutex<[Image]>([])

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    /// What was said to be for everybody.
    var handedOut: [Image] { handed.withLock { $0 } }

    func publicity(of manifest: Digest, at origin: Origin) -> Publicity {
        state.withLock { $0.publicity[Image(manifest: manifest, origin: origin)] ?? .unknown }
    }

    func handedOut(_ manifest: Digest, at origin: Origin) {
        let image = Image(manifest: manifest, origin: origin)
        handed.withLock { $0.append(image) }
        state.withLock { $0.publicity[image] = .yes }
    }

    func places(of manifest: Digest) -> Set<ContentPlace> { state.withLock { $0.places[manifest] ?? [] } }
    func claimedPlaces(of manifest: Digest) -> Set<ContentPlace> { state.withLock { $0.claimed[manifest] ?? [] } }
    func parents(of digest: Digest) -> Set<Digest> { state.withLock { $0.parents[digest] ?? [] } }
    /// How often somebody wanted to know which indexes name something.
    var climbed: Int { climbs.load(ordering: .relaxed) }

    func indexes(of manifest: Digest) -> Set<Digest> {
        climbs.wrappingAdd(1, ordering: .relaxed)
        return state.withLock { $0.indexes[manifest] ?? [] }
    }

    func isManifest(_ digest: Digest) -> Bool { state.withLock { $0.manifests.contains(digest) } }
}

/// A clock that a test sets.
final class TestClock: Sendable {
    private let time = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { time.withLock { $0 } }

    func pass(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}

/// A registry that lets `anna` have a private image, the gate of a node that knows where the image is from, and a clock.
struct GateScene: Sendable {
    let stub: StubRegistry
    let gate: PrivateGate
    let knowledge = StubKnowledge()
    let clock = TestClock()
    let log: RecordedLog
    let origin: Origin
    /// The image: a manifest that names a blob.
    let manifest: Digest
    let blob: Digest

    static let anna = client("anna", "secret")
    static let wrong = client("anna", "wrong")

    /// A client that sends a user and a password.
    static func client(_ user: String, _ password: String) -> UpstreamIdentity {
        let value = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        return UpstreamIdentity(ClientAuthorization(fields: [value]), namesRegistry: true)
    }

    /// - Parameter isKnown: whether this node knows that the image is of that repository.
    static func run(
        isOn: Bool = true, isKnown: Bool = true, _ body: (GateScene) async throws -> Void
    ) async throws {
        let fixture = UpstreamFixture(authentication: .basic(["anna": "secret"]))
        try await fixture.run { stub, client, origin in
            try await body(GateScene(stub, client, origin, isOn: isOn, isKnown: isKnown, fixture.log))
        }
    }

    private init(
        _ stub: StubRegistry, _ client: UpstreamClient, _ origin: Origin, isOn: Bool, isKnown: Bool, _ log: RecordedLog
    ) {
        (self.stub, self.origin, self.log) = (stub, origin, log)
        let (manifest, blob) = (stub.add(manifest: Array("{}".utf8)), stub.add(blob: someBytes(1000)))
        (self.manifest, self.blob) = (manifest, blob)
        knowledge.set { state in
            if isKnown { state.places[manifest] = [.registry(origin)] }
            state.manifests.insert(manifest)
            state.parents[blob] = [manifest]
        }
        gate = PrivateGate(
            isOn: isOn, knowledge: knowledge, upstream: client, logger: log.logger, now: { [clock] in clock.now })
    }

    /// Whether a client may have the manifest from the LAN; nil where it is to come from upstream itself.
    func admits(_ identity: UpstreamIdentity, _ digest: Digest? = nil) async -> Bool? {
        do {
            return try await gate.admission(of: digest ?? manifest, at: origin, as: identity) == .anywhere ? true : nil
        } catch {
            return false
        }
    }

    /// Whether a client may have content that it asks for by digest.
    func admits(_ identity: UpstreamIdentity, blob: Digest, at origin: Origin?) async -> Bool {
        (try? await gate.admit(blob, at: origin, as: identity)) != nil
    }
}
