import OCI

/// What SIGHUP changes in a running agent.
public struct ReloadableSettings: Sendable, Equatable {
    /// `peers.allow`
    public var allow: [AccessRule]
    /// `[tags]`, as far as it can change while running
    public var tags: Tags
    /// `[share]`
    public var share: Configuration.Share
    /// The rates of `[limits]`
    public var rates: Rates

    /// What a tag means may be asked another way; whose word counts is decided as words arrive, and cannot be taken back.
    public struct Tags: Sendable, Equatable {
        /// `tags.policy`
        public var policy: TagPolicy
    }

    /// Bytes in a second; nil where there is no limit.
    public struct Rates: Sendable, Equatable {
        /// `limits.upload_rate`
        public var upload: ByteRate?
        /// `limits.download_rate`
        public var download: ByteRate?
        /// `limits.upstream_rate`
        public var upstream: ByteRate?

        init(_ limits: Configuration.Limits) {
            upload = limits.uploadRate
            download = limits.downloadRate
            upstream = limits.upstreamRate
        }
    }

    /// The settings of a configuration.
    public init(_ configuration: Configuration) {
        allow = configuration.peers.allow
        tags = Tags(policy: configuration.tags.policy)
        share = configuration.share
        rates = Rates(configuration.limits)
    }
}

extension Configuration {
    /// Tells a changed configuration apart: what to apply now, and the keys whose new values count after a restart only.
    public static func reloadable(
        from old: Configuration, to new: Configuration
    ) -> (apply: ReloadableSettings, needsRestart: [String]) {
        let changed = ConfigurationKey<Configuration>.all.filter {
            $0.change == .restart && $0.read(old) != $0.read(new)
        }
        let registries = Set(old.upstream.keys).union(new.upstream.keys).sorted()
            .filter { old.upstream[$0] != new.upstream[$0] }
        return (
            ReloadableSettings(new),
            changed.map(\.name) + registries.map { TOMLText.dotted(["upstream", $0.description]) }
        )
    }
}
