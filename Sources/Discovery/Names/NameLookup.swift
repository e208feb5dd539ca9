import Glibc
import Integrity

/// Asks for addresses and services by name. Blocks for seconds where nobody answers: for a thread that nobody else needs.
enum NameLookup {
    /// Of one name.
    static let mostAddresses = 64
    /// Seconds.
    private static let patience = 2

    /// A and AAAA, as the system's resolver has them; a literal is its own address.
    static func addresses(of host: String) throws(DiscoveryError) -> [IPAddress] {
        if let literal = IPAddress(host) { return [literal] }
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
        var head: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &head)
        guard status == 0 else {
            throw DiscoveryError(.nameUnknown, "no address of \(host) (\(String(cString: gai_strerror(status))))")
        }
        defer { freeaddrinfo(head) }
        var found: [IPAddress] = []
        for entry in sequence(first: head, next: { $0?.pointee.ai_next }).prefix(mostAddresses) {
            guard let address = entry?.pointee.ai_addr.flatMap({ IPAddress($0) }), !found.contains(address) else {
                continue
            }
            found.append(address)
        }
        return found
    }

    /// SRV records, the best first.
    /// - Parameter port: DNS's own but in tests.
    static func services(
        of name: String, servers: [IPAddress] = ResolverFile.system().servers, port: Int = 53
    ) throws(DiscoveryError) -> [DNSMessage.Service] {
        let random = SecureRandom.bytes(2)
        guard let question = DNSMessage.question(name, id: UInt16(random[0]) << 8 | UInt16(random[1])) else {
            throw DiscoveryError(.nameUnknown, "“\(name)” is no DNS name; correct it in peers.dns")
        }
        for server in servers {
            guard let bytes = exchange(question, with: server, port: port),
                let answer = DNSMessage(bytes, to: question)
            else { continue }
            guard answer.responseCode == 0 else {
                throw DiscoveryError(
                    .nameUnknown, "the DNS server \(server) has no SRV records of \(name) (code \(answer.responseCode))"
                )
            }
            return answer.services.sorted { ($0.priority, $1.weight) < ($1.priority, $0.weight) }
        }
        throw DiscoveryError(
            .timedOut, "none of the DNS servers \(servers) answered for \(name); see /etc/resolv.conf")
    }

    private static func exchange(_ question: [UInt8], with server: IPAddress, port: Int) -> [UInt8]? {
        let socket = Glibc.socket(
            server.family == .v4 ? AF_INET : AF_INET6, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { Glibc.close(socket) }
        // A `timeval`, laid out by hand for the reason that `IPAddress.init(_:zone:)` tells.
        var wait = [patience, 0]
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(wait.count * MemoryLayout<Int>.stride))
        // Connected: the kernel lets nobody else's datagrams through.
        let address = SocketAddressBytes(ip: server, port: port)
        guard address.withPointer({ connect(socket, $0, $1) == 0 }),
            Glibc.send(socket, question, question.count, CInt(MSG_NOSIGNAL)) == question.count
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: DNSMessage.largest)
        let count = recv(socket, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes[..<count]) : nil
    }
}
