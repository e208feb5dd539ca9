import Glibc

@testable import Discovery

/// A plain UDP socket on loopback that shares its port with nobody.
final class Listener: Sendable {
    let port: Int
    private let socket: BeaconSocket
    private let reader: CInt

    init() throws {
        socket = try BeaconSocket(port: 0)
        reader = try socket.duplicate()
        port = socket.port
    }

    func send(_ bytes: [UInt8], to target: BeaconTarget) {
        _ = socket.send(bytes, to: target)
    }

    /// What has come, or nil.
    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(reader, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    func close() {
        socket.close()
        Glibc.close(reader)
    }
}
