import Discovery
import NIOHTTP1
import OCI

extension HTTPResponse {
    /// Below this a compressed body saves no packet.
    private static let worthCompressing = 1024

    /// The answer with its body compressed, where the client takes `gzip` and it gets smaller by that.
    public func compressed(for request: HTTPRequest) -> HTTPResponse {
        guard case .bytes(let plain) = body, plain.count >= Self.worthCompressing else { return self }
        var response = self
        response.headers.add(name: "Vary", value: "Accept-Encoding")
        guard AcceptEncoding(values: request.headers["Accept-Encoding"]).accepts("gzip"),
            let gzip = GzipBody.compressed(plain), gzip.count < plain.count
        else { return response }
        response.headers.add(name: "Content-Encoding", value: "gzip")
        response.body = .bytes(gzip)
        return response
    }
}
