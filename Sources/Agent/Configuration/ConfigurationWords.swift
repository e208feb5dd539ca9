/// `tags.policy`: who is asked first what a tag means.
public enum TagPolicy: String, ConfigurationChoice, Sendable {
    case upstreamFirst = "upstream-first"
    case peersFirst = "peers-first"
}

/// `tags.believe`: whose tags count.
public enum TagBelief: String, ConfigurationChoice, Sendable {
    /// Those of holders of the cluster key.
    case key
    /// Anybody's on the LAN.
    case lan
}

/// `peers.release`: when bytes from peers go on to a reader.
public enum ReleaseRule: String, ConfigurationChoice, Sendable {
    /// As soon as they are checked.
    case checked
    /// When the whole digest is right.
    case whole
}

/// `store.retain`: which blobs stay in Shoal's store.
public enum RetentionRule: String, ConfigurationChoice, Sendable {
    /// What the runtime does not keep.
    case auto
    /// All that came through the mirror.
    case always
}

/// `share.private`: what becomes of images that upstream does not hand out anonymously.
public enum PrivateImages: String, ConfigurationChoice, Sendable {
    /// Holders of the cluster key are offered them.
    case offer
    /// They are offered as with `offer`; this node's own clients get them once upstream has confirmed that they may.
    case verify
    /// Nobody is.
    case never
}
