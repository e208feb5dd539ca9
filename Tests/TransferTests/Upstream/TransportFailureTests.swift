import AsyncHTTPClient
import NIOCore
import NIOSSL
import Testing

@testable import Transfer

#if canImport(Glibc)
    import Glibc
#endif

struct TransportFailureTests {
    private static let table: [(any Error, TransportFailure.Kind)] = [
        (HTTPClientError.connectTimeout, .unreached), (HTTPClientError.tlsHandshakeTimeout, .unreached),
        (ChannelError.connectTimeout(.seconds(2)), .unreached), (NIOSSLError.unableToValidateCertificate, .unreached),
        (IOError(errnoCode: ECONNREFUSED, reason: "connect"), .unreached),
        (IOError(errnoCode: EHOSTUNREACH, reason: "connect"), .unreached),
        (HTTPClientError.deadlineExceeded, .late), (SilenceError(), .late),
        (HTTPClientError.getConnectionFromPoolTimeout, .crowded), (HTTPClientError.remoteConnectionClosed, .closed),
        (IOError(errnoCode: ECONNRESET, reason: "read"), .closed),
        (IOError(errnoCode: EPIPE, reason: "write"), .closed),
        (NIOSSLError.uncleanShutdown, .closed), (ChannelError.ioOnClosedChannel, .closed),
        (CancellationError(), .cancelled), (HTTPClientError.cancelled, .cancelled),
        (HTTPClientError.invalidURL, .nonsense), (TransportFailure.forbiddenAddress, .notAllowed),
    ]

    @Test("The HTTP client's errors are told apart", arguments: table.indices)
    func kinds(index: Int) {
        let (error, kind) = Self.table[index]
        #expect(TransportFailure(error).kind == kind)
    }

    @Test("A connection that takes too long is lateness, one that is refused is absence")
    func connecting() {
        let late: [any Error] = [
            HTTPClientError.connectTimeout, HTTPClientError.tlsHandshakeTimeout,
            ChannelError.connectTimeout(.seconds(2)),
        ]
        for error in late { #expect(ExchangeError.transport(TransportFailure(error)).presence == .late) }
        let refused = IOError(errnoCode: ECONNREFUSED, reason: "connect")
        #expect(ExchangeError.transport(TransportFailure(refused)).presence == .away)
    }

    @Test("What happens behind a redirect says nothing about the registry")
    func ofAnotherHost() {
        var failure = TransportFailure(.unreached, "nobody there")
        #expect(ExchangeError.transport(failure).presence == .away)
        failure.isOfAnotherHost = true
        #expect(ExchangeError.transport(failure).presence == .present)
    }

    @Test(
        "A status has its meaning",
        arguments: [
            (401, .needsCredentials, false), (403, .denied, false), (404, .notFound, false),
            (416, .rangeUnsatisfiable, false), (429, .throttled, true), (500, .broken, true), (400, .broken, false),
            (304, .broken, false),
        ] as [(Int, UpstreamError.Code, Bool)])
    func statuses(status: Int, code: UpstreamError.Code, isTransient: Bool) throws {
        let question = UpstreamClient.Question(origin: try .of("library/app"), path: "manifests/latest")
        let error = ExchangeError.status(status, retryAfter: nil).explained(question)
        #expect(error.code == code)
        #expect(error.isTransient == isTransient)
    }

    @Test(
        "A token server's 404 does not say that there is no such image",
        arguments: [(404, .broken), (401, .needsCredentials), (403, .denied), (429, .throttled)]
            as [(Int, UpstreamError.Code)])
    func tokenStatuses(status: Int, code: UpstreamError.Code) throws {
        let question = UpstreamClient.Question(origin: try .of("library/app"), path: "manifests/latest")
        #expect(ExchangeError.tokenStatus(status, retryAfter: nil).explained(question).code == code)
    }
}
