import Glibc
import NIOPosix
import Synchronization

/// Takes down what crosses a machine's link, byte for byte.
final class WireTap: Sendable {
    private let packets = Mutex<[[UInt8]]>([])
    private let isOver = Atomic(false)
    private let socket: CInt
    /// Machines whose packets are passed over.
    private let except: [[UInt8]]

    private init(_ machine: Machine, except: [String]) throws {
        self.except = except.map { $0.split(separator: ".").compactMap { UInt8($0) } }
        // AF_PACKET and ETH_P_ALL of packet(7), which Glibc does not bring along.
        let (family, everything) = (CInt(17), UInt16(3).bigEndian)
        socket = Glibc.socket(family, CInt(SOCK_RAW.rawValue), CInt(everything))
        guard socket >= 0 else {
            throw HarnessError("cannot open a packet socket: \(String(cString: strerror(errno)))")
        }
        var address = withUnsafeBytes(of: UInt16(family)) { Array($0) } + withUnsafeBytes(of: everything) { Array($0) }
        address += withUnsafeBytes(of: if_nametoindex(machine.name)) { Array($0) } + [UInt8](repeating: 0, count: 12)
        let bound = address.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(socket, $0.baseAddress, socklen_t(bytes.count)) }
        }
        guard bound == 0 else { throw HarnessError("cannot listen to \(machine.name)'s link") }
        // Nothing is to be missed while the machine is busy: SO_RCVBUFFORCE.
        var size = CInt(64 << 20)
        setsockopt(socket, SOL_SOCKET, 33, &size, socklen_t(MemoryLayout<CInt>.size))
        var patience = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// Listens for as long as the test uses it.
    static func with(_ machine: Machine, except: [String] = [], _ test: (WireTap) async throws -> Void) async throws {
        let tap = try WireTap(machine, except: except)
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        async let listening: Void = pool.runIfActive { tap.listen() }
        let result: Result<Void, any Error>
        do { result = .success(try await test(tap)) } catch { result = .failure(error) }
        tap.isOver.store(true, ordering: .relaxed)
        try await listening
        try await pool.shutdownGracefully()
        try result.get()
    }

    /// Everything so far.
    var bytes: [UInt8] { packets.withLock { Array($0.joined()) } }

    private func listen() {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count > 0 {
                let packet = Array(buffer[..<count])
                if !isPassedOver(packet) { packets.withLock { $0.append(packet) } }
            } else if isOver.load(ordering: .relaxed) {
                return
            }
        }
    }

    /// Whether it is IPv4 from or to one of those machines: the addresses stand at 26 and 30, behind Ethernet's header.
    private func isPassedOver(_ packet: [UInt8]) -> Bool {
        guard packet.count >= 34, packet[12] == 8, packet[13] == 0 else { return false }
        let (source, target) = (Array(packet[26..<30]), Array(packet[30..<34]))
        return except.contains { $0 == source || $0 == target }
    }
}
