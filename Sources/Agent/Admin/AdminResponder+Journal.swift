import Gateway
import NIOHTTP1
import OCI

/// What has happened, and what happens: `shoal explain`, `shoal events` and the journal.
extension AdminResponder {
    func journal(_ query: String?) async -> HTTPResponse {
        guard let story else { return Self.noStory }
        do throws(OCIError) {
            return .json(await story.journal(last: try Self.count(query, "limit", usual: 50)))
        } catch {
            return .problem(.badRequest, error.message)
        }
    }

    func explain(_ query: String?) async -> HTTPResponse {
        guard let story else { return Self.noStory }
        do throws(OCIError) {
            guard let text = try Query(query).value(of: "q"), !text.isEmpty else {
                return .problem(.badRequest, "name an image or a digest: \(AdminRoute.explain.rawValue)?q=nginx")
            }
            let count = try Self.count(query, "last", usual: 3)
            return .json(await story.explain(try LocateQuery(text), last: count))
        } catch {
            return .problem(.badRequest, error.message)
        }
    }

    func events(_ request: HTTPRequest) -> HTTPResponse {
        guard let story else { return Self.noStory }
        guard let listener = story.listen() else {
            return .problem(
                .serviceUnavailable,
                "\(Happenings.listenerLimit) programs listen already; end one of them, and ask again")
        }
        let accepted = request.headers["Accept"].joined(separator: ",").lowercased()
        let form: HappeningStream.Form = accepted.contains("text/event-stream") ? .events : .lines
        return HTTPResponse(
            status: .ok,
            headers: ["Content-Type": form == .events ? "text/event-stream" : "application/x-ndjson"],
            body: .stream(HappeningStream(listener: listener, form: form), length: nil))
    }

    private static var noStory: HTTPResponse { .problem(.serviceUnavailable, "this agent keeps no journal") }

    private static func count(_ query: String?, _ name: String, usual: Int) throws(OCIError) -> Int {
        guard let text = try Query(query).value(of: name) else { return usual }
        guard let count = Int(text), 1...Journal.answerLimit ~= count else {
            throw OCIError(
                code: .queryInvalid,
                message: "the query parameter '\(name)' wants a number from 1 to \(Journal.answerLimit)")
        }
        return count
    }
}
