/// How fast bodies may go out, shared by all answers that have it.
public protocol BodyPace: Sendable {
    /// How many bytes are to be sent at a time; nil: as many as there are.
    var portion: Int64? { get }

    /// Waits until so many more bytes may be sent.
    /// - Throws: `CancellationError`.
    func take(_ count: Int) async throws

    /// Counts bytes that are sent without waiting.
    func charge(_ count: Int)
}

/// Gives every answer of a responder a pace.
public struct PacedResponder: HTTPResponder {
    private let responder: any HTTPResponder
    private let pace: any BodyPace

    public init(_ responder: any HTTPResponder, pace: any BodyPace) {
        self.responder = responder
        self.pace = pace
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        var response = await responder.respond(to: request)
        response.pace = pace
        return response
    }

    public func refuse(_ refusal: HTTPRefusal) -> HTTPResponse {
        responder.refuse(refusal)
    }
}
