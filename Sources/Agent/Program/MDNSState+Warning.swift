import Discovery

extension MDNSState {
    /// What the operator should know; nil where all is well, or on its way to be.
    var warning: String? {
        switch self {
        case .off, .starting, .running, .collision:
            nil
        case .noDaemon(let reason):
            "no mDNS (\(reason)): start avahi-daemon, or set discovery.mdns = false if the other ways to find peers will do"
        }
    }
}
