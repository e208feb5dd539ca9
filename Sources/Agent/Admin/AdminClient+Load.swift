extension AdminClient {
    /// Has the agent load an archive. Cancelling the task, or ending the process, ends that, and nothing is loaded.
    ///
    /// Its first bytes are waited for before the agent is asked: whoever makes an archive may take its time to begin.
    /// - Parameter tell: told each line as it comes; the last is a summary, or what went wrong.
    public func load(
        _ source: ArchiveSource, _ query: LoadQuery, tell: (Answer<LoadEvent>) async throws -> Void
    ) async throws(AdminClientError) {
        var source = source
        try await source.waitForStart()
        let target = AdminRoute.load.rawValue + (query.text.isEmpty ? "" : "?\(query.text)")
        try await watch("the load", target, sending: source, tell: tell) { event in
            switch event {
            case .end, .error: true
            default: false
            }
        }
    }
}
