/// The request on whose behalf something is done, as in the logs: whatever is logged by a task below carries it as `request_id`.
public enum RequestTrace {
    /// Nil where nobody's request is behind it.
    @TaskLocal public static var id: String?
}
