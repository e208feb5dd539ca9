import OCI
import SwiftProtobuf
import Testing

@testable import Containerd

@Suite("containerd's events")
struct RuntimeEventTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)

    private static func envelope(_ topic: String, _ name: String) throws -> WireEnvelope {
        let payload = WireSubject.with { $0.name = name }
        return try .with {
            $0.namespace = "k8s.io"
            $0.topic = topic
            $0.event.typeURL = "containerd.events.Something"
            $0.event.value = try payload.serializedBytes()
        }
    }

    @Test(
        "say what has happened to what",
        arguments: [
            ("/images/create", "docker.io/library/x:1", RuntimeEvent.Subject.imageCreated("docker.io/library/x:1")),
            ("/images/update", "any name", .imageUpdated("any name")), ("/images/delete", "x", .imageDeleted("x")),
            ("/namespaces/create", "new", .namespaceChanged("new")),
            ("/namespaces/delete", "old", .namespaceChanged("old")),
        ])
    func subjects(topic: String, name: String, subject: RuntimeEvent.Subject) {
        #expect(RuntimeEvent(namespace: "", topic: topic, name: name).subject == subject)
    }

    @Test("say which content came or went")
    func content() throws {
        let digest = try Digest(Self.digest)
        for (topic, subject) in [
            ("/content/create", RuntimeEvent.Subject.contentCreated(digest)),
            ("/content/delete", .contentDeleted(digest)),
        ] {
            #expect(RuntimeEvent(namespace: "", topic: topic, name: Self.digest).subject == subject)
        }
    }

    @Test(
        "of an unknown kind, or about nothing that can be, are something else",
        arguments: [
            ("/images/pull", "x"), ("/images/create", ""), ("/content/delete", "no digest"), ("/content/abort", digest),
            ("/tasks/exit", ""), ("", ""),
        ])
    func others(topic: String, name: String) {
        #expect(RuntimeEvent(namespace: "", topic: topic, name: name).subject == .other(topic: topic))
    }

    @Test("of an unknown kind, and such that cannot be read, do not end the stream")
    func unknown() async throws {
        var fake = FakeContainerd()
        fake.events = [
            try Self.envelope("/images/squash", "x"),
            .with {
                $0.topic = "/images/create"
                $0.event.value = .init([0xff, 0xff, 0xff])
            },
            try Self.envelope("/images/create", "docker.io/library/x:1"),
        ]
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket) { client in
                var subjects: [RuntimeEvent.Subject] = []
                for try await event in try await client.events(in: []) {
                    subjects.append(event.subject)
                    if subjects.count == 3 { break }
                }
                #expect(
                    subjects == [
                        .other(topic: "/images/squash"), .other(topic: "/images/create"),
                        .imageCreated("docker.io/library/x:1"),
                    ])
            }
        }
    }

    @Test("end with an error when containerd ends the stream, after those that it has told")
    func ended() async throws {
        var fake = FakeContainerd()
        fake.isStreamOpen = false
        fake.events = [try Self.envelope("/images/delete", "x")]
        try await fake.serve { socket in
            try await ContainerdClient.withConnection(to: socket) { client in
                var count = 0
                let events = try await client.events(in: [])
                let error = await #expect(throws: ContainerdError.self) {
                    for try await _ in events { count += 1 }
                }
                #expect(count == 1 && error?.code == .unreachable)
            }
        }
    }

    @Test("are asked for by topic, and by namespace where some are named")
    func filters() {
        #expect(
            ContainerdClient.filters(for: []) == [
                #"topic~="^/images/""#, #"topic~="^/content/""#, #"topic~="^/namespaces/""#,
            ])
        #expect(ContainerdClient.filters(for: ["a", "b"]).first == #"topic~="^/images/",namespace=="a""#)
        #expect(ContainerdClient.filters(for: ["a", "b"]).count == 6)
        let hostile = ContainerdClient.filters(for: [##"a",x=="\"##]).first
        #expect(hostile == ##"topic~="^/images/",namespace=="a\",x==\"\\""##)
    }
}

@Suite("The events that wait for their reader")
struct EventFeedTests {
    private static let event = RuntimeEvent(namespace: "default", subject: .imageDeleted("x"))

    @Test("are so many; one more, and the stream ends, after those")
    func tooMany() async throws {
        let feed = EventFeed(limit: 2)
        for _ in 0..<2 { #expect(try feed.tell(Self.event)) }
        let error = #expect(throws: ContainerdError.self) { try feed.tell(Self.event) }
        feed.end(try #require(error))
        var count = 0
        await #expect(throws: ContainerdError.self) {
            for try await _ in feed.stream { count += 1 }
        }
        #expect(count == 2)
    }

    @Test("are not wanted any more once the reader has gone")
    func gone() async throws {
        let feed = EventFeed(limit: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for try await _ in feed.stream {} }
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(try !feed.tell(Self.event))
    }
}
