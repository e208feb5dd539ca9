import OCI

extension AdminClient {
    /// Has the agent read blobs again. Cancelling the task, or ending the process, ends that.
    /// - Parameter tell: told each line as it comes; the last is a summary.
    public func verify(
        _ query: VerifyQuery, tell: (Answer<VerifyEvent>) async throws -> Void
    ) async throws(AdminClientError) {
        var target = AdminRoute.verify.rawValue
        if query != .everything { target += "?q=\(PercentCoding.encode(query.description))" }
        try await watch("the verification", target, tell: tell) { event in
            if case .end = event { true } else { false }
        }
    }
}
