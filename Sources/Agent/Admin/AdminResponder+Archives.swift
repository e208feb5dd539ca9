import Gateway
import NIOCore
import NIOHTTP1
import OCI
import Synchronization

/// Archives of images, in and out.
extension AdminResponder {
    func load(_ request: HTTPRequest) -> HTTPResponse {
        guard access == .socket, let archives else {
            return .problem(.forbidden, "this goes over the agent's Unix socket only; run 'shoal load' on the node")
        }
        do throws(OCIError) {
            let body = request.stream ?? ArrivedBody(request.body)
            switch archives.load(try LoadQuery(Query(request.query)), from: body) {
            case .begun(let events): return .lines(events)
            case .busy:
                return .problem(
                    .conflict,
                    "\(ImageArchives.limit) loads are running already; wait for one, or end it with Ctrl-C there")
            }
        } catch {
            return .problem(.badRequest, error.message)
        }
    }

    func save(_ query: String?) async -> HTTPResponse {
        guard access == .socket, let archives else {
            return .problem(.forbidden, "this goes over the agent's Unix socket only; run 'shoal save' on the node")
        }
        let images: [ImageReference]
        do throws(OCIError) {
            images = try SaveQuery.images(Query(query))
        } catch {
            return .problem(.badRequest, error.message)
        }
        do throws(SaveFailure) {
            let archive = try await archives.save(images)
            return HTTPResponse(
                status: .ok, headers: ["Content-Type": "application/x-tar"],
                body: .stream(archive.body, length: archive.length))
        } catch {
            return .problem(error.code == .notFound ? .notFound : .internalServerError, error.message)
        }
    }
}

/// A body that has arrived whole.
private final class ArrivedBody: HTTPBodyReader {
    private let rest: Mutex<ByteBuffer?>

    init(_ body: ByteBuffer) {
        rest = Mutex(body.readableBytes > 0 ? body : nil)
    }

    func next() async throws -> ByteBuffer? {
        rest.withLock { rest in
            defer { rest = nil }
            return rest
        }
    }
}
