/// How long a peer is waited for. It is on the LAN: whoever is there answers soon.
struct PeerPatience: Sendable {
    /// For a connection. A second address of a peer is tried then, and no third.
    var connect: Duration = .milliseconds(150)
    /// For a connection over TLS, its handshake included, where the machine is there.
    var handshake: Duration = .seconds(3)
    /// Until somebody knocks at a machine from which no answer over TLS has come.
    var quiet: Duration = .milliseconds(100)
    /// For the head of an answer, beyond what was asked to be waited for.
    var head: Duration = .seconds(5)
    /// For the next bytes of a body.
    var silence: Duration = .seconds(5)
    /// For a whole report of pieces: it is asked for many times a second.
    var report: Duration = .seconds(2)
    /// For a whole chain.
    var chain: Duration = .seconds(10)
    /// For the rest of an answer that is of no use but for its head.
    var refusal: Duration = .seconds(1)
}
