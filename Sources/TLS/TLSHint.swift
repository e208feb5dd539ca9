/// By what field of a plain 400 an agent tells that only TLS is spoken at an address: other servers answer 400, too.
public enum TLSHint {
    public static let header = "Shoal-Speaks"
    public static let value = "TLS"
}
