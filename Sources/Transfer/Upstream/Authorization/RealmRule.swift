/// Whether credentials may be shown to the token server that a registry names in its challenge.
enum RealmRule {
    /// The registry whose credentials they are decides who gets them: whatever it names, it could as well have asked for itself.
    /// So the challenge must be the registry's own word (a redirect's target has none, see ``UpstreamClient``), and nobody on the
    /// way may have changed it:
    /// - on the registry's own host, over https, or over plain HTTP where that is how the registry itself is talked to;
    /// - on another host (`auth.docker.io` for `registry-1.docker.io`) over https only, and only if the challenge came over https.
    ///
    /// Otherwise a token is asked for as anybody could ask.
    static func allowsCredentials(registry: WebOrigin, realm: WebOrigin) -> Bool {
        if realm.host == registry.host { return realm.scheme == "https" || registry.scheme == "http" }
        return realm.scheme == "https" && registry.scheme == "https"
    }
}
