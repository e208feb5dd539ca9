import Gateway
import NIOHTTP1
import OCI

/// What becomes of images: `shoal images`, `tag`, `rm`, `pin` and `gc`.
extension AdminResponder {
    func images() async -> HTTPResponse {
        guard let shelf else { return Self.unavailable }
        return .json(await shelf.images())
    }

    /// Answers what changes something.
    func change(_ route: AdminRoute, _ query: String?) async -> HTTPResponse {
        guard access == .socket, let shelf else {
            return .problem(.forbidden, "this goes over the agent's Unix socket only; run the command on the node")
        }
        do {
            let query = Query(query)
            switch route {
            case .tag:
                return .json(
                    try await shelf.tag(try Self.image(query, "source"), as: try Self.image(query, "target")))
            case .remove: try await shelf.remove(try Self.image(query, "image"))
            case .pin: try await shelf.pin(try Self.image(query, "image"), try query.value(of: "remove") == nil)
            case .collect:
                let grace = try query.value(of: "grace").map(Self.seconds)
                return .json(try await shelf.collect(grace: grace, dryRun: try query.value(of: "dry_run") != nil))
            default: return .problem(.notFound, "there is nothing at this path")
            }
            return .json(Done())
        } catch let error as DistributionError {
            return .problem(.init(statusCode: error.status), error.message)
        } catch {
            return .problem(.badRequest, "\(error)")
        }
    }

    private struct Done: Encodable {
        var schema = 1
    }

    private static var unavailable: HTTPResponse {
        .problem(.serviceUnavailable, "the agent has no store to tell of")
    }

    private static func image(_ query: Query, _ name: String) throws(OCIError) -> ImageReference {
        guard let text = try query.value(of: name), !text.isEmpty else {
            throw OCIError(code: .referenceInvalid, message: "the query parameter '\(name)' is missing")
        }
        return try ImageReference(normalizing: text)
    }

    private static func seconds(_ text: String) throws(OCIError) -> Int64 {
        guard let seconds = Int64(text), seconds >= 0 else {
            throw OCIError(code: .referenceInvalid, message: "the query parameter 'grace' is no number of seconds")
        }
        return seconds
    }
}
