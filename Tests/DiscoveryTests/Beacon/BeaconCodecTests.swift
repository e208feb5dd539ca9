import FoundationEssentials
import Integrity
import OCI
import SwiftProtobuf
import Testing

@testable import Discovery

@Suite struct BeaconCodecTests {
    static let payloads: [Beacon.Payload] = [
        .bye,
        .hello(
            .init(
                httpPort: 5051, name: "a", interval: .seconds(5), version: 7, count: 3,
                changes: .init(
                    since: 5, added: [Samples.entry(1), .init(digest: Samples.longDigest(2), size: 0)],
                    removed: [Samples.digest(3)]))),
        .hello(.init(httpPort: 1, name: "", interval: .seconds(60), version: .max, count: .max, changes: nil)),
        .hello(
            .init(
                httpPort: 1, name: "", interval: .seconds(5), version: 1, count: 1,
                changes: .init(
                    since: 0, added: [.init(digest: Samples.digest(1), size: 1, isProven: false)], removed: []),
                addresses: [Samples.ip("10.0.0.1"), Samples.ip("2001:db8::1")])),
        .introduction([
            .init(
                node: Samples.node(7), ip: Samples.ip("10.9.0.1"), httpPort: 5051, epoch: 3, version: 9, hops: 2,
                age: .seconds(4)),
            .init(
                node: Samples.node(8), ip: Samples.ip("2001:db8::1"), httpPort: 1, epoch: .max, version: .max, hops: 3,
                age: .seconds(600)),
        ]),
        .want(
            .init(
                blobs: [
                    .init(digest: Samples.digest(1), size: nil), .init(digest: Samples.longDigest(2), size: 1 << 50),
                    .init(digest: Samples.digest(3), size: 7, isEnded: true),
                ], interval: .seconds(60))),
        .whoHas(.init(question: 99, digests: [Samples.digest(1), Samples.longDigest(1)], references: [])),
        .whoHas(.init(question: .max, digests: [], references: [Samples.nginx])),
        .have(
            .init(
                question: 99, httpPort: 65535, blobs: [Samples.entry(1, size: 1 << 40)],
                references: [
                    ReferenceEntry(
                        reference: Samples.nginx, digest: Samples.digest(4), mediaType: .ociIndex, ageSeconds: 12)
                ])),
        .whoHas(.init(question: 3, digests: [], references: [ReferenceEntryTests.manifest.reference])),
    ]

    static let answers = ReferenceEntryTests.possible.map { entry in
        Beacon.Payload.have(.init(question: 99, httpPort: 1, blobs: [], references: [entry]))
    }

    static let impossibleAnswers = ReferenceEntryTests.impossible.map { entry in
        Beacon.Payload.have(.init(question: 99, httpPort: 1, blobs: [], references: [entry]))
    }

    @Test("an answer about a name that cannot be so is dropped", arguments: impossibleAnswers)
    func impossible(payload: Beacon.Payload) throws {
        let bytes = try #require(BeaconCodec(key: nil).encode(beacon(payload)))
        #expect(throws: BeaconDrop.invalidField) { try BeaconCodec(key: nil).decode(bytes) }
    }

    private func beacon(_ payload: Beacon.Payload) -> Beacon {
        Beacon(node: Samples.node(1), epoch: 3, sequence: 17, payload: payload)
    }

    @Test("what was encoded decodes to the same, without a key", arguments: payloads + answers)
    func roundTrip(payload: Beacon.Payload) throws {
        let codec = BeaconCodec(key: nil)
        let bytes = try #require(codec.encode(beacon(payload)))
        #expect(try codec.decode(bytes) == beacon(payload))
    }

    @Test("what was encoded decodes to the same, with a key", arguments: payloads + answers)
    func signedRoundTrip(payload: Beacon.Payload) throws {
        let codec = BeaconCodec(key: try Samples.key())
        let bytes = try #require(codec.encode(beacon(payload)))
        #expect(try codec.decode(bytes) == beacon(payload))
    }

    @Test("a datagram signed with any of the accepted keys is taken")
    func rotation() throws {
        let old = BeaconCodec(key: try Samples.keys(1))
        let both = BeaconCodec(key: try Samples.keys(2, 1))
        let new = BeaconCodec(key: try Samples.keys(2))
        let fromOld = try #require(old.encode(beacon(.bye)))
        let fromBoth = try #require(both.encode(beacon(.bye)))
        #expect(try both.decode(fromOld) == beacon(.bye))
        #expect(try new.decode(fromBoth) == beacon(.bye))
        #expect(throws: BeaconDrop.otherCluster) { try old.decode(fromBoth) }
    }

    @Test(
        "padding makes a datagram as long as was asked, and changes nothing else",
        arguments: Array(60...400) + [1199, 1200])
    func padding(length: Int) throws {
        for codec in [BeaconCodec(key: nil), BeaconCodec(key: try Samples.key())] {
            let bytes = try #require(codec.encode(beacon(.bye), paddedTo: length))
            #expect(bytes.count >= length && bytes.count <= max(length + 3, 100))
            #expect(try codec.decode(bytes) == beacon(.bye))
        }
    }

    @Test("what does not fit is not encoded")
    func tooLarge() {
        let changes = InventoryState.Changes(
            since: 0, added: (0..<18).map { .init(digest: Samples.longDigest($0), size: 1) }, removed: [])
        let hello = Beacon.Payload.hello(
            .init(httpPort: 1, name: "a", interval: .seconds(5), version: 1, count: 18, changes: changes))
        #expect(BeaconCodec(key: nil).encode(beacon(hello))?.count == nil)
        #expect(BeaconCodec(key: nil).encode(beacon(.bye), limit: 10) == nil)
    }

    @Test("twenty inline changes fit into a signed datagram")
    func inlineChanges() throws {
        let changes = InventoryState.Changes(
            since: .max - 1, added: (0..<20).map { Samples.entry($0, size: 1 << 50) }, removed: [])
        let name = String(repeating: "n", count: 64)
        let hello = Beacon(
            node: Samples.node(1), epoch: .max, sequence: .max,
            payload: .hello(
                .init(httpPort: 65535, name: name, interval: .seconds(60), version: .max, count: .max, changes: changes)
            ))
        let bytes = try #require(BeaconCodec(key: try Samples.key()).encode(hello))
        #expect(bytes.count <= 1200)
    }

    // MARK: Bad datagrams

    /// A way to spoil a well-formed Hello, and what that is called.
    struct Flaw: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var drop: BeaconDrop
        var spoil: @Sendable (inout WireBeacon) -> Void

        init(
            _ name: String, _ drop: BeaconDrop = .invalidField, _ spoil: @escaping @Sendable (inout WireBeacon) -> Void
        ) {
            testDescription = name
            self.drop = drop
            self.spoil = spoil
        }
    }

    static let flaws: [Flaw] = [
        Flaw("another version", .otherVersion) { $0.version = 2 },
        Flaw("no version", .otherVersion) { $0.version = 0 },
        Flaw("a cluster id where there is no key", .otherCluster) { $0.cluster = Data(repeating: 1, count: 8) },
        Flaw("a short node id") { $0.node = Data(repeating: 1, count: 15) },
        Flaw("a long node id") { $0.node = Data(repeating: 1, count: 17) },
        Flaw("no node id") { $0.node = Data() },
        Flaw("epoch 0") { $0.epoch = 0 },
        Flaw("sequence 0") { $0.sequence = 0 },
        Flaw("no payload", .unknownPayload) { $0.payload = nil },
        Flaw("port 0") { $0.hello.httpPort = 0 },
        Flaw("port 65536") { $0.hello.httpPort = 65536 },
        Flaw("a name that is too long") { $0.hello.name = String(repeating: "a", count: 65) },
        Flaw("a name that moves the cursor") { $0.hello.name = "\u{1b}[2J" },
        Flaw("a name with a line break") { $0.hello.name = "a\nb" },
        Flaw("an interval of nothing") { $0.hello.interval = 0 },
        Flaw("an interval of an hour") { $0.hello.interval = 3_600_000 },
        Flaw("changes since the future") { $0.hello.changes.since = 100 },
        Flaw("changes since this version") { $0.hello.changes.since = 7 },
        Flaw("too many changes") {
            $0.hello.changes.removed = Array(repeating: Data(repeating: 1, count: 32), count: 33)
        },
        Flaw("a digest of 31 bytes") { $0.hello.changes.removed = [Data(repeating: 1, count: 31)] },
        Flaw("a digest of nothing") { $0.hello.changes.removed = [Data()] },
        Flaw("a size beyond all disks") {
            $0.hello.changes.added = [
                .with {
                    $0.digest = Data(repeating: 1, count: 32); $0.size = .max
                }
            ]
        },
        Flaw("a question about nothing") { $0.payload = .whoHas(.init()) },
        Flaw("a question about too much") {
            $0.payload = .whoHas(.with { $0.digests = Array(repeating: Data(repeating: 1, count: 32), count: 17) })
        },
        Flaw("a question about no reference") { $0.payload = .whoHas(.with { $0.references = ["../etc/passwd"] }) },
        Flaw("a question about a reference that is not in full") {
            $0.payload = .whoHas(.with { $0.references = ["nginx"] })
        },
        Flaw("a question about a reference by digest") {
            $0.payload = .whoHas(.with { $0.references = ["docker.io/library/nginx@\(Samples.digest(1))"] })
        },
        Flaw("a question about a reference by tag and digest") {
            $0.payload = .whoHas(.with { $0.references = ["localhost:5050/app:1@\(Samples.digest(1))"] })
        },
        Flaw("a question about a very long reference") {
            $0.payload = .whoHas(.with { $0.references = [String(repeating: "a", count: 600)] })
        },
        Flaw("a Want of nothing") { $0.payload = .want(.with { $0.interval = 5000 }) },
        Flaw("a Want of too much") {
            $0.want.interval = 5000
            // Shorter than any that could be so, else it would not fit.
            $0.want.blobs = Array(repeating: WireWanted(), count: 33)
        },
        Flaw("a Want that is never said again") {
            $0.want.blobs = [.with { $0.digest = Data(repeating: 1, count: 32) }]
        },
        Flaw("a Want of a digest of 33 bytes") {
            $0.want.interval = 5000
            $0.want.blobs = [.with { $0.digest = Data(repeating: 1, count: 33) }]
        },
        Flaw("a Want of a size beyond all disks") {
            $0.want.interval = 5000
            $0.want.blobs = [
                .with {
                    $0.digest = Data(repeating: 1, count: 32); $0.size = 1 << 51
                }
            ]
        },
        Flaw("an answer without a port") { $0.payload = .have(.init()) },
        Flaw("an answer with a media type that is none") {
            $0.payload = .have(
                .with {
                    $0.httpPort = 1
                    $0.references = [
                        .with {
                            $0.reference = "docker.io/library/nginx:latest"
                            $0.digest = Data(repeating: 1, count: 32)
                            $0.mediaType = "no media type\r\n"
                        }
                    ]
                })
        },
        Flaw("an answer older than a century") {
            $0.payload = .have(
                .with {
                    $0.httpPort = 1
                    $0.references = [
                        .with {
                            $0.reference = "docker.io/library/nginx:latest"
                            $0.digest = Data(repeating: 1, count: 32)
                            $0.mediaType = "application/vnd.oci.image.index.v1+json"
                            $0.age = .max
                        }
                    ]
                })
        },
    ]

    /// A name of the local namespace with a version, spoilt.
    private static func name(
        _ flaw: String, _ spoil: @escaping @Sendable (inout WireReference) -> Void
    ) -> Flaw {
        Flaw(flaw) {
            var reference = WireReference.with {
                $0.reference = "localhost:5050/team/app:v1"
                $0.digest = Data(repeating: 1, count: 32)
                $0.mediaType = "application/vnd.oci.image.index.v1+json"
                $0.counter = 7
                $0.author = Data(repeating: 2, count: 16)
            }
            spoil(&reference)
            $0.payload = .have(
                .with { [reference] in
                    $0.httpPort = 1
                    $0.references = [reference]
                })
        }
    }

    static let nameFlaws: [Flaw] = [
        name("a version without an author") { $0.author = Data() },
        name("a version without a counter") { $0.counter = 0 },
        name("an author of 15 bytes") { $0.author = Data(repeating: 2, count: 15) },
        name("a counter that JSON cannot tell") { $0.counter = 1 << 53 },
        name("a deletion without a version") {
            $0.deleted = true
            $0.counter = 0
            $0.author = Data()
        },
        name("a subject of 31 bytes") { $0.subject = Data(repeating: 1, count: 31) },
        name("a registry's tag with a version") { $0.reference = "docker.io/library/nginx:latest" },
        name("a manifest under another one's digest") {
            $0.reference = "localhost:5050/team/app@sha256:" + String(repeating: "02", count: 32)
        },
    ]

    @Test("a datagram with a field that cannot be so is dropped for its reason", arguments: flaws + nameFlaws)
    func flawed(flaw: Flaw) throws {
        var wire = WireBeacon(Samples.hello(1, version: 7, count: 1))
        flaw.spoil(&wire)
        let bytes: [UInt8] = try wire.serializedBytes()
        #expect(throws: flaw.drop) { try BeaconCodec(key: nil).decode(bytes) }
    }

    @Test("a field of a later protocol is no reason to drop")
    func laterField() throws {
        let codec = BeaconCodec(key: nil)
        let bytes = try #require(codec.encode(Samples.hello(1)))
        // Field 100, length-delimited, two bytes.
        #expect(try codec.decode(bytes + [0xa2, 0x06, 2, 1, 2]) == Samples.hello(1))
    }

    @Test("more than 1,200 bytes are not looked at")
    func oversized() {
        #expect(throws: BeaconDrop.oversized) { try BeaconCodec(key: nil).decode([UInt8](repeating: 0, count: 1201)) }
    }

    @Test("a datagram cut anywhere is dropped, signed or not")
    func truncated() throws {
        for codec in [BeaconCodec(key: nil), BeaconCodec(key: try Samples.key())] {
            let bytes = try #require(codec.encode(Samples.hello(1, version: 7, count: 3)))
            for length in 0..<bytes.count {
                #expect(throws: BeaconDrop.self) { try codec.decode(Array(bytes[..<length])) }
            }
        }
    }

    @Test("a signed datagram with any bit turned is dropped")
    func tampered() throws {
        let codec = BeaconCodec(key: try Samples.key())
        let bytes = try #require(codec.encode(Samples.hello(1, version: 7, count: 3)))
        for index in bytes.indices {
            var spoilt = bytes
            spoilt[index] ^= 1 << (index % 8)
            #expect(throws: BeaconDrop.self) { try codec.decode(spoilt) }
        }
    }

    @Test("random bytes are dropped, with a key and without")
    func random() throws {
        let codecs = [BeaconCodec(key: nil), BeaconCodec(key: try Samples.key())]
        var generator = SplitMix(state: 42)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            for codec in codecs {
                #expect(throws: BeaconDrop.self) { try codec.decode(bytes) }
            }
        }
    }

    @Test("with a key, unsigned datagrams and other clusters' are told from forgeries")
    func clusters() throws {
        let mine = BeaconCodec(key: try Samples.key(1))
        let unsigned = try #require(BeaconCodec(key: nil).encode(Samples.hello(1)))
        let theirs = try #require(BeaconCodec(key: try Samples.key(2)).encode(Samples.hello(1)))
        #expect(throws: BeaconDrop.otherCluster) { try mine.decode(unsigned) }
        #expect(throws: BeaconDrop.otherCluster) { try mine.decode(theirs) }
        #expect(throws: BeaconDrop.otherCluster) { try BeaconCodec(key: nil).decode(theirs) }

        var forged = WireBeacon(Samples.hello(1))
        forged.cluster = Data(try Samples.key(1).clusterID)
        let bare: [UInt8] = try forged.serializedBytes()
        #expect(throws: BeaconDrop.wrongMAC) { try mine.decode(bare) }
        forged.mac = Data(repeating: 7, count: 32)
        let wrong: [UInt8] = try forged.serializedBytes()
        #expect(throws: BeaconDrop.wrongMAC) { try mine.decode(wrong) }
    }

    @Test("what follows the authentication code makes it worthless")
    func appended() throws {
        let codec = BeaconCodec(key: try Samples.key())
        let bytes = try #require(codec.encode(Samples.hello(1)))
        #expect(throws: BeaconDrop.wrongMAC) { try codec.decode(bytes + [0x72, 1, 0]) }
    }
}

/// A generator whose numbers are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
