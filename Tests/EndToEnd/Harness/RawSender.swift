import Glibc

/// UDP as an attacker on the LAN sends it, from the test process's own place (10.77.0.1) or under a forged address.
final class RawSender: Sendable {
    private let plain: CInt
    private let raw: CInt

    init() throws {
        plain = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        raw = socket(AF_INET, CInt(SOCK_RAW.rawValue), CInt(IPPROTO_RAW))
        guard plain >= 0, raw >= 0 else {
            throw HarnessError("cannot open sockets: \(String(cString: strerror(errno)))")
        }
        var one: CInt = 1
        setsockopt(plain, SOL_SOCKET, SO_BROADCAST, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit {
        close(plain)
        close(raw)
    }

    /// What the kernel does not take (a full buffer, or more than an IP packet holds) is lost.
    func send(_ payload: [UInt8], to address: String, port: UInt16 = 5051) {
        transmit(payload, over: plain, to: address, port: port)
    }

    /// - Parameter source: whose datagram it is made to look like.
    func send(_ payload: [UInt8], to address: String, port: UInt16 = 5051, forging source: String, _ sourcePort: UInt16)
    {
        let udp = Self.words(sourcePort, port, UInt16(8 + payload.count), 0) + payload
        let length = UInt16(20 + udp.count)
        // The kernel fills in identification and checksum; a UDP checksum of 0 is none.
        let header = [0x45, 0] + Self.words(length, 0, 0) + [64, 17, 0, 0] + Self.bytes(source) + Self.bytes(address)
        transmit(header + udp, over: raw, to: address, port: 0)
    }

    private func transmit(_ bytes: [UInt8], over socket: CInt, to address: String, port: UInt16) {
        let family = sa_family_t(AF_INET)
        var target = withUnsafeBytes(of: family) { Array($0) } + Self.words(port) + Self.bytes(address)
        target += [UInt8](repeating: 0, count: 8)
        _ = target.withUnsafeBytes { target in
            target.withMemoryRebound(to: sockaddr.self) {
                sendto(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0.baseAddress, socklen_t(target.count))
            }
        }
    }

    private static func words(_ words: UInt16...) -> [UInt8] { words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] } }

    private static func bytes(_ address: String) -> [UInt8] { address.split(separator: ".").compactMap { UInt8($0) } }
}

/// The beacon's wire format as docs/protocol.md tells it, written a second time: enough of it to lie with.
enum WireBeacon {
    static func hello(
        node: [UInt8], epoch: UInt64 = 1, sequence: UInt64 = 1, port: UInt64, version: UInt64, added: [[UInt8]] = []
    ) -> [UInt8] {
        var hello =
            field(1, port) + field(2, Array("stranger".utf8)) + field(3, 5000) + field(4, version) + field(5, 1_000_000)
        if !added.isEmpty { hello += field(6, added.flatMap { field(2, field(1, $0) + field(2, 1 << 20)) }) }
        return envelope(node, epoch, sequence) + field(6, hello)
    }

    /// A question with as much padding as the protocol asks for, or none.
    static func whoHas(node: [UInt8], sequence: UInt64 = 1, digests: [[UInt8]], padding: Int) -> [UInt8] {
        let question = [1 << 3 | 1] + randomNode().prefix(8) + digests.flatMap { field(2, $0) }
        return envelope(node, 1, sequence) + field(8, question)
            + (padding > 0 ? field(14, [UInt8](repeating: 0, count: padding)) : [])
    }

    static func want(node: [UInt8], sequence: UInt64 = 2, digests: [[UInt8]]) -> [UInt8] {
        envelope(node, 1, sequence) + field(10, digests.flatMap { field(1, field(1, $0)) } + field(2, 60_000))
    }

    /// Tells of invented nodes at an address, each at another port.
    static func introduction(by node: [UInt8], sequence: UInt64, of count: Int, at address: String) -> [UInt8] {
        let place = address.split(separator: ".").compactMap { UInt8($0) }
        let nodes = (0..<count).flatMap { number in
            field(
                1,
                field(1, randomNode()) + field(2, place) + field(3, UInt64(2000 + number)) + field(4, 1) + field(5, 1)
                    + field(6, 1))
        }
        return envelope(node, 1, sequence) + field(11, nodes)
    }

    static func randomNode() -> [UInt8] { (0..<16).map { _ in .random(in: 0...255) } }

    private static func envelope(_ node: [UInt8], _ epoch: UInt64, _ sequence: UInt64) -> [UInt8] {
        field(1, 1) + field(3, node) + field(4, epoch) + field(5, sequence)
    }

    private static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

    private static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
    }
}

extension [UInt8] {
    /// Of `sha256:…`.
    init(digest: String) {
        let digits = Array(digest.dropFirst("sha256:".count).utf8)
        self = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }
}
