import Synchronization

/// What is to be sent, and to whom. Bounded: what does not fit is dropped, as a network would.
final class BeaconPost: Sendable {
    enum Destination: Sendable, Equatable {
        /// All neighbours.
        case everybody
        /// One that asked, at the port that it asked from.
        case one(IPAddress, port: Int)
    }

    struct Letter: Sendable {
        var payload: Beacon.Payload
        var destination: Destination
        /// An answer is never longer than its question.
        var limit = BeaconLimits.datagram
        var paddedTo = 0
    }

    let letters: AsyncStream<Letter>
    private let put: AsyncStream<Letter>.Continuation

    init() {
        (letters, put) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(512))
    }

    func send(_ letter: Letter) { put.yield(letter) }

    func close() { put.finish() }
}
