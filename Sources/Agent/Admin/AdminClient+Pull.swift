extension AdminClient {
    /// Has the agent bring an image. Cancelling the task, or ending the process, ends that.
    /// - Parameter tell: told each line as it comes; the last is a summary, or what went wrong.
    public func pull(
        _ query: PullQuery, tell: (Answer<PullEvent>) async throws -> Void
    ) async throws(AdminClientError) {
        try await watch("the pull", "\(AdminRoute.pull.rawValue)?\(query.text)", tell: tell) { event in
            switch event {
            case .end, .error: true
            default: false
            }
        }
    }
}
