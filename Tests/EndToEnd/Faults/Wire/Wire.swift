import Glibc

/// A TCP connection that blocks, for threads of its own. It can end as a program or a machine does: by FIN, or by RST.
final class Wire: @unchecked Sendable {
    enum Failure: Error, Equatable {
        case refused
        case reset
        case silent
        case closed
    }

    /// One thread at a time uses a wire; the descriptor never changes, and is closed when the last user lets go.
    let descriptor: CInt
    private var buffer: [UInt8] = []

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close(descriptor) }

    /// Connects from where the thread stands.
    init(to address: String, port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError("no socket: \(String(cString: strerror(errno)))") }
        let result = Self.with(address, port) { connect(descriptor, $0, $1) }
        guard result == 0 else { throw Failure.refused }
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Connects to a socket of this machine's, wherever the thread stands.
    init(unix path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError("no socket: \(String(cString: strerror(errno)))") }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure.refused }
    }

    /// A socket that listens, from where the thread stands.
    static func listen(at address: String, port: UInt16) throws -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var one: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        guard with(address, port, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 1024) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw HarnessError("cannot listen at \(address):\(port): \(reason)")
        }
        return descriptor
    }

    private static func with(_ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt)
        -> CInt
    {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        return withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    // MARK: Reading

    /// The next bytes; empty at the end.
    func read(atMost limit: Int = 64 << 10, within time: Duration) throws -> [UInt8] {
        if !buffer.isEmpty {
            let taken = Array(buffer.prefix(limit))
            buffer.removeFirst(taken.count)
            return taken
        }
        guard Self.wait(for: descriptor, Int16(POLLIN), within: time) else { throw Failure.silent }
        var failure: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { space, count in
            let got = recv(descriptor, space.baseAddress, limit, 0)
            failure = got < 0 ? errno : 0
            count = max(0, got)
        }
        guard failure == 0 else { throw failure == ECONNREFUSED ? Failure.refused : Failure.reset }
        return bytes
    }

    /// The head of a message, its blank line included; nil where the connection ends before its first byte.
    func readHead(within time: Duration) throws -> String? {
        var head: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while true {
            let bytes = try read(within: time)
            guard !bytes.isEmpty else {
                if head.isEmpty { return nil }
                throw Failure.closed
            }
            let searched = max(0, head.count - 3)
            head += bytes
            if let place = head.firstIndex(of: end, from: searched) {
                buffer = Array(head[(place + end.count)...]) + buffer
                return String(decoding: head[..<(place + end.count)], as: UTF8.self)
            }
            guard head.count < 1 << 20 else { throw Failure.closed }
        }
    }

    /// Whether something can be read, the end included.
    static func wait(for descriptor: CInt, _ events: Int16, within time: Duration) -> Bool {
        var poll = pollfd(fd: descriptor, events: events, revents: 0)
        return Glibc.poll(&poll, 1, CInt(clamping: Int(time / .milliseconds(1)))) > 0
    }

    /// Whether the other side has ended the connection; what it sent meanwhile is kept.
    func isOver(within time: Duration) -> Bool {
        guard Self.wait(for: descriptor, Int16(POLLIN), within: time) else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, CInt(MSG_PEEK)) <= 0
    }

    // MARK: Writing

    func write(_ bytes: some Collection<UInt8>) throws {
        let done = bytes.withContiguousStorageIfAvailable { writeAll(UnsafeRawBufferPointer($0)) }
        guard done ?? Array(bytes).withUnsafeBytes({ writeAll($0) }) else { throw Failure.closed }
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Whoever does not read for so long has gone.
            guard Self.wait(for: descriptor, Int16(POLLOUT), within: .seconds(150)) else { return false }
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let sent = send(descriptor, part.baseAddress, part.count, CInt(MSG_NOSIGNAL))
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    func finish() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// The connection breaks when the wire goes: RST, and what was not sent is lost.
    func breakOff() {
        var options = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &options, socklen_t(MemoryLayout<linger>.size))
    }
}

extension [UInt8] {
    fileprivate func firstIndex(of pattern: [UInt8], from start: Int) -> Int? {
        guard count >= pattern.count else { return nil }
        return (start...(count - pattern.count)).first { place in
            self[place] == pattern[0] && self[place..<place + pattern.count].elementsEqual(pattern)
        }
    }
}
