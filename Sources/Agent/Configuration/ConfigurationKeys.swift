extension ConfigurationKey where Root == Configuration {
    /// Every key but those of the upstream tables, in the order of the reference.
    static let all = parts + limits

    private static let parts: [Self] = [
        Self("data_dir", \.dataDirectory, "Where the agent keeps its blobs and its node id."),
        Self(
            "docker_config", \.dockerConfig,
            "A Docker `config.json` with registry credentials. Credential helpers are not run."),
        Self("mirror.listen", \.mirror.listen, "Where this node's runtime reaches the mirror; loopback only."),
        Self(
            "mirror.docker_listen", \.mirror.dockerListen,
            "The mirror for dockerd's `registry-mirrors`, where a bare name means `docker.io`; `\"\"` turns it off."),
        Self(
            "mirror.allow_remote", \.mirror.allowRemote,
            "Lets the mirror listen on other addresses than loopback. Whoever reaches it pulls with this node's "
                + "credentials."),
        Self(
            "mirror.tls_cert", \.mirror.tlsCertificate,
            "A certificate and its chain (PEM), with which the addresses of `mirror.listen` that are not loopback speak TLS; read "
                + "again when it changes."),
        Self("mirror.tls_key", \.mirror.tlsKey, "The certificate's key (PEM, without a passphrase)."),
        Self("peers.listen", \.peers.listen, "Where other nodes fetch blobs, over TCP."),
        Self(
            "peers.advertise", \.peers.advertise,
            "The addresses to announce to other nodes; empty: every address that is not loopback."),
        Self(
            "peers.allow", \.peers.allow,
            "Who may connect: networks in CIDR notation, `on-link` (the subnets of this node's own interfaces, "
                + "container bridges left out; with a cluster key its holders beyond routers, too), `private` (RFC 1918, "
                + "unique local, link-local) or `any`. What `peers.static` and `peers.dns` name is allowed by that.",
            change: .reload),
        Self("peers.static", \.peers.fixed, "Peers that broadcast cannot reach; they tell of those that they know."),
        Self("peers.dns", \.peers.dns, "Names whose A, AAAA or SRV records are such peers."),
        Self(
            "peers.key_file", \.peers.keyFile,
            "The cluster key, made by `shoal keygen FILE`; empty: none, and only public content is shared."),
        Self(
            "peers.release", \.peers.release,
            "When bytes from peers reach the runtime: once they are checked, or once the whole blob is."),
        Self(
            "peers.tls.cert", \.peers.tls.certificate,
            "This node's certificate and its chain (PEM), with which it speaks TLS to peers, and to no others; read again when it "
                + "changes. `key` and `ca` belong to it."),
        Self("peers.tls.key", \.peers.tls.key, "The certificate's key (PEM, without a passphrase)."),
        Self(
            "peers.tls.ca", \.peers.tls.authority,
            "The authorities (PEM) one of which must have signed a peer's certificate; no others are trusted."),
        Self("discovery.mdns", \.discovery.mdns, "Announce and find nodes through avahi-daemon."),
        Self(
            "discovery.broadcast", \.discovery.broadcast,
            "Announce and find nodes by IPv4 broadcast and IPv6 multicast."),
        Self("discovery.port", \.discovery.port, "The UDP port of announcements, the same on the whole LAN."),
        Self(
            "admin.listen", \.admin.listen,
            "Dashboard, status, metrics and health over HTTP, read-only; `\"\"` turns it off."),
        Self("admin.socket", \.admin.socket, "The Unix socket that the command line talks to."),
        Self(
            "runtime.containerd.address", \.containerd.address,
            "containerd's socket, whose content is shared; `auto` looks for containerd's and k3s's, `\"\"` turns it off."
        ),
        Self(
            "runtime.containerd.root", \.containerd.root,
            "containerd's root directory, to read blobs as files; `auto` asks containerd."),
        Self(
            "runtime.containerd.namespaces", \.containerd.namespaces,
            "The containerd namespaces to share from; empty: all."),
        Self(
            "store.capacity", \.store.capacity,
            "How much Shoal's own blobs may take; the least recently used go first."),
        Self("store.spool", \.store.spool, "The folder for blobs that are arriving; empty: one in `data_dir`."),
        Self(
            "store.retain", \.store.retain,
            "Which blobs stay in Shoal's store: with `auto` those that containerd does not keep, with `always` all that came "
                + "through the mirror."),
        Self(
            "store.complete_ranges", \.store.completeRanges,
            "Whether the rest of a blob of which parts were read, as lazy pulling does, is fetched in the background."),
        Self(
            "store.scrub", \.store.scrub,
            "How often every blob here, the runtime's too, is read again and compared with its digest; `\"\"` turns it off."
        ),
        Self(
            "store.grace", \.store.grace,
            "How long what no tag, pin or running transfer refers to is kept before it is collected."),
        Self(
            "tags.policy", \.tags.policy, "Who is asked first what a tag means: the registry, or this node and peers.",
            change: .reload),
        Self(
            "tags.believe", \.tags.believe,
            "Whose tags count: those of holders of the cluster key, or anybody's on the LAN, who may then change names of the "
                + "local namespace, too. With `lan` tags of what `share.include` names are told without a key."),
        Self(
            "share.include", \.share.include,
            "Repositories to offer to peers; empty: all that may be offered. Without a cluster key only public content "
                + "is, and what is named here, the local namespace (`localhost:5050/team/*`) too.",
            change: .reload),
        Self("share.exclude", \.share.exclude, "Repositories never to offer to peers.", change: .reload),
        Self(
            "share.private", \.share.privateImages,
            "Images that the registry does not hand out anonymously: `offer` them to holders of the cluster key; offer them and "
                + "`verify` for this node's clients that the registry lets them have what is on the LAN; or offer them `never`, to "
                + "nobody, whatever `share.include` says.",
            change: .reload),
        Self(
            "push.htpasswd", \.push.htpasswd,
            "The users who may push from other machines, over TLS: a file as `htpasswd -B` writes it, read again when it changes; "
                + "empty: only this machine pushes."),
        Self(
            "push.repositories", \.push.repositories, within: 0...1_000_000,
            "How many repositories there may be in the local namespace; 0: nothing can be pushed."),
        Self("push.blob_size", \.push.blobSize, "How large a pushed blob may be; empty: no limit."),
    ]

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The names of tables: `mirror`, `runtime`, `runtime.containerd`.
    static let tables: Set<String> = Set(
        all.flatMap { key in (1..<max(key.path.count, 1)).map { key.path.prefix($0).joined(separator: ".") } })
}

extension ConfigurationKey where Root == Configuration.Upstream {
    /// The keys of a table `[upstream."registry.example.com"]`.
    static let all: [Self] = [
        Self("url", \.url, "Where the registry is reached; empty: `https://` and its name."),
        Self("plain_http", \.plainHTTP, "Allows HTTP without TLS; loopback needs no permission."),
        Self("ca_file", \.caFile, "Certificates (PEM) to trust for it, besides the system's."),
        Self("username", \.username, "Whom to log in as; needs `password_file`."),
        Self("password_file", \.passwordFile, "A file with the password; else `docker_config` is asked."),
    ]

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
