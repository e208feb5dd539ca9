public import NIOHTTP1

extension BasicCredentials {
    /// Reads a request's `Authorization`; nil unless there is exactly one, and it is Basic's.
    public init?(_ headers: HTTPHeaders) {
        let fields = headers["Authorization"]
        guard fields.count == 1 else { return nil }
        self.init(authorization: fields[0])
    }
}
