/// Whether the agent's own listeners answer, asked as their clients would.
struct EndpointChecks: Sendable {
    private let configuration: Configuration
    private let isAgentThere: Bool

    /// - Parameter isAgentThere: whether it answered on its socket. Without it the mirror alone is asked: somebody else may be there.
    init(_ configuration: Configuration, isAgentThere: Bool) {
        self.configuration = configuration
        self.isAgentThere = isAgentThere
    }

    func findings() async -> [Finding] {
        var findings = await mirror()
        guard isAgentThere else { return findings }
        if let docker = configuration.mirror.dockerListen {
            findings.append(
                await ask(
                    "mirror.docker", "the mirror for dockerd", [docker], "/v2/", isGood: { $0 == .status(200) },
                    key: "mirror.docker_listen"))
        }
        findings.append(
            // Who is not on the LAN is shown the door (peers.allow), and that is this machine's loopback: the door is there.
            await ask(
                "peers.listen", "the listener for peers", configuration.peers.listen, "/v1/node",
                isGood: { $0 == .silent || $0.isAnswer }, key: "peers.listen",
                // Who shows no certificate there gets no answer, and is told of.
                connectsOnly: configuration.peers.tls.isOn))
        if let admin = configuration.admin.listen {
            findings.append(
                await ask(
                    "admin", "the admin page", [admin], "/readyz", isGood: { $0 == .status(200) }, key: "admin.listen"))
        }
        return findings
    }

    /// As containerd asks, which says whose image it wants.
    private func mirror() async -> [Finding] {
        [
            await ask(
                "mirror", "the mirror", configuration.mirror.listen, "/v2/?ns=docker.io",
                // 401: who asks from an address that is not loopback has to be a user.
                isGood: { $0 == .status(200) || $0 == .status(401) && configuration.push.htpasswd != nil },
                key: "mirror.listen", isSecure: configuration.mirror.speaksTLS)
        ]
    }

    /// One of the addresses has to answer; a default one for which the machine has no address family may not.
    private func ask(
        _ check: String, _ what: String, _ endpoints: [ListenEndpoint], _ path: String, isGood: (Knock.Answer) -> Bool,
        key: String, isSecure: (ListenEndpoint) -> Bool = { _ in false }, connectsOnly: Bool = false
    ) async -> Finding {
        var good: [String] = []
        var bad: [(endpoint: ListenEndpoint, answer: Knock.Answer)] = []
        for endpoint in endpoints {
            let place = endpoint.onThisMachine
            let answer =
                connectsOnly
                ? await Knock.connects(to: place.address, place.port)
                : await Knock.ask(path, at: place, overTLS: isSecure(endpoint))
            if isGood(answer) {
                good.append(endpoint.description)
            } else {
                bad.append((endpoint, answer))
            }
        }
        let isDefault = !configuration.isSet(key)
        guard let worst = bad.first, good.isEmpty || !isDefault else {
            return Finding(check, .ok, "\(what) answers at \(good.joined(separator: ", "))")
        }
        return Finding(
            check, .fault, "\(what) at \(worst.endpoint) \(worst.answer)",
            mend: "systemctl status shoal; another program on that port: ss -ltnp 'sport = :\(worst.endpoint.port)', "
                + "and give Shoal another one (\(key))")
    }
}

extension ListenEndpoint {
    /// Where a listener on every address is asked.
    var onThisMachine: ListenEndpoint {
        switch address {
        case "0.0.0.0": ListenEndpoint(.v4Loopback, port: port)
        case "::": ListenEndpoint(.v6Loopback, port: port)
        default: self
        }
    }
}
