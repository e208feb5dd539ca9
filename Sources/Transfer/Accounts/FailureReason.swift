internal import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import TLS

/// Why a source gave nothing, or no more: one of a few words, for the story of a pull. What exactly happened is in the log.
public enum FailureReason: String, Sendable, CaseIterable, Codable {
    /// No connection came about: nobody listens there, or there is no way.
    case refused
    /// It did not answer in time.
    case timedOut = "timed_out"
    /// The connection broke in the middle.
    case reset
    /// It owed bytes and sent none, or so few that others were asked.
    case stalled
    /// The body ended early.
    case truncated
    /// Its bytes were not the blob's, or were among such.
    case damaged
    /// It does not have the bytes, or does not have them yet.
    case notFound = "404"
    /// It has no time, or asks to be left alone for a while.
    case busy
    /// It gives this to others only.
    case denied
    /// Its answer was not what had been asked for.
    case wrongAnswer = "wrong_answer"
    /// It left before it could be asked.
    case gone
}

extension HTTPClientError {
    /// No connection, or no answer, came in time.
    var isLateness: Bool { [.connectTimeout, .tlsHandshakeTimeout, .deadlineExceeded].contains(self) }
}

extension FailureReason {
    /// What an error in the middle of a body means.
    init(breaking error: any Error) {
        switch error {
        case is DeadPeerError, is SilenceError: self = .stalled
        case let error as HTTPClientError where error == .readTimeout || error == .deadlineExceeded: self = .stalled
        case let error as HTTPClientError where error == .remoteConnectionClosed: self = .truncated
        case HTTPParserError.invalidEOFState: self = .truncated
        default: self = .reset
        }
    }

    /// What it means that a peer gave no body.
    init(opening error: any Error) {
        switch error {
        case PeerAnswerError.missing, PeerAnswerError.status(404): self = .notFound
        case PeerAnswerError.busy: self = .busy
        case PeerAnswerError.status(401), PeerAnswerError.status(403): self = .denied
        case is PeerAnswerError: self = .wrongAnswer
        case TLSTrouble.speaksPlain, TLSTrouble.speaksTLS: self = .wrongAnswer
        case is TLSTrouble: self = .denied
        case let error as HTTPClientError where error.isLateness: self = .timedOut
        case is NIOConnectionError: self = .refused
        default: self.init(breaking: error)
        }
    }

    init(_ error: UpstreamError) {
        self =
            switch error.code {
            case .notFound: .notFound
            case .needsCredentials, .denied, .notAllowed: .denied
            case .unreachable: .refused
            case .throttled: .busy
            case .broken: .reset
            case .rangeUnsatisfiable: .wrongAnswer
            }
    }

    /// What an ending says by itself; nil where nothing failed.
    init?(_ ending: DownloadPlan.Ending) {
        switch ending {
        case .finished: return nil
        case .broke: self = .reset
        case .busy: self = .busy
        case .refused: self = .refused
        case .noSuchRange: self = .wrongAnswer
        case .lacks: self = .notFound
        }
    }
}
