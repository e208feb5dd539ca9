import Gateway
import NIOHTTP1

/// Numbers over time: for Prometheus, and for a plot.
extension AdminResponder {
    func metrics() async -> HTTPResponse {
        let text = MetricsText(await source.status(), await source.meters()).description
        return .text(text, type: "text/plain; version=0.0.4; charset=utf-8")
    }

    func history() async -> HTTPResponse {
        guard let history = await source.history() else {
            return .problem(.serviceUnavailable, "nothing is counted here")
        }
        return .json(history)
    }
}
