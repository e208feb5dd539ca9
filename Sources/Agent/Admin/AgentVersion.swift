/// The version of Shoal that this is.
public enum AgentVersion {
    /// By semver.org.
    public static let current = "0.1.0"
}
