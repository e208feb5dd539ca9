internal import GRPCCore
internal import SwiftProtobuf

extension ContainerdClient {
    /// How many events wait for a slow reader before the oldest are dropped: they are reasons to look, and one look serves many.
    static let eventBuffer = 4096

    /// What happens in these namespaces (in all of them where none is named) from now on.
    ///
    /// The stream ends with an error when the connection is lost, and with the connection's body. Nothing says when containerd has
    /// begun to tell (it sends the head of its answer with the first event), but what is asked after this has returned reaches it later.
    /// - Throws: `.unreachable` where containerd does not answer.
    public func events(
        in namespaces: [String]
    ) async throws(ContainerdError) -> AsyncThrowingStream<RuntimeEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream<RuntimeEvent, any Error>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.eventBuffer))
        follow.yield {
            do {
                try await self.subscribe(to: namespaces) { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        // Asked after the subscription, on the same connection: with its answer the subscription has most likely been taken in.
        _ = try await version()
        return stream
    }

    private func subscribe(
        to namespaces: [String], _ tell: @escaping @Sendable (RuntimeEvent) -> Void
    ) async throws(ContainerdError) {
        var request = WireSubscribeRequest()
        request.filters = ["/images/", "/content/", "/namespaces/"].flatMap { topic in
            let filter = "topic~=\"^\(topic)\""
            return namespaces.isEmpty ? [filter] : namespaces.map { "\(filter),namespace==\(Self.quoted($0))" }
        }
        try await call("events") { [request] in
            try await WireEvents.Client(wrapping: self.grpc).subscribe(request, options: Self.options(nil)) {
                response in
                for try await envelope in response.messages {
                    let subject = try? WireSubject(serializedBytes: envelope.event.value)
                    tell(RuntimeEvent(namespace: envelope.namespace, topic: envelope.topic, name: subject?.name ?? ""))
                }
                throw ContainerdError(.unreachable, "containerd at \(self.socket) has ended its stream of events")
            }
        }
    }

    /// A value in containerd's filter language.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
