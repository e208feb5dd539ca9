internal import GRPCCore
internal import SwiftProtobuf

extension ContainerdClient {
    /// How many events wait for a slow reader.
    private static let eventLimit = 4096
    /// What is told of: containers, tasks and snapshots are none of Shoal's business.
    private static let topics = ["/images/", "/content/", "/namespaces/"]

    /// What happens in these namespaces (in all of them where none is named) from now on.
    ///
    /// The stream ends with an error when the connection is lost or the reader falls thousands of events behind, and with the
    /// connection's body. Nothing says when containerd has begun to tell (it sends the head of its answer with the first event), but
    /// what is asked after this has returned reaches it later.
    /// - Throws: `.unreachable` where containerd does not answer.
    public func events(
        in namespaces: [String]
    ) async throws(ContainerdError) -> AsyncThrowingStream<RuntimeEvent, any Error> {
        let feed = EventFeed(limit: Self.eventLimit)
        follow.yield {
            do throws(ContainerdError) {
                try await self.subscribe(to: namespaces, feed)
            } catch {
                feed.end(error)
            }
        }
        // Asked after the subscription, on the same connection: with its answer the subscription has most likely been taken in.
        _ = try await version()
        return feed.stream
    }

    /// Returns when nobody reads any more.
    private func subscribe(to namespaces: [String], _ feed: EventFeed) async throws(ContainerdError) {
        var request = WireSubscribeRequest()
        request.filters = Self.filters(for: namespaces)
        try await call("events") { [request] in
            try await WireEvents.Client(wrapping: self.grpc).subscribe(request, options: Self.options(nil)) {
                response in
                for try await envelope in response.messages {
                    guard try feed.tell(RuntimeEvent(envelope)) else { return }
                }
                throw ContainerdError(.unreachable, "containerd at \(self.socket) has ended its stream of events")
            }
        }
    }

    /// In containerd's filter language; an event is told where one of them matches.
    static func filters(for namespaces: [String]) -> [String] {
        topics.flatMap { topic in
            let filter = "topic~=\"^\(topic)\""
            return namespaces.isEmpty ? [filter] : namespaces.map { "\(filter),namespace==\(quoted($0))" }
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension RuntimeEvent {
    /// A message that cannot be read is about nothing.
    init(_ envelope: WireEnvelope) {
        let subject = try? WireSubject(serializedBytes: envelope.event.value)
        self.init(namespace: envelope.namespace, topic: envelope.topic, name: subject?.name ?? "")
    }
}
