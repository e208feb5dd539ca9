import Glibc

/// One answer of a source that does something wrong.
struct Misbehaviour {
    private let client: Wire
    private let request: MessageHead
    private let misdeed: Misdeed
    private let isHealed: () -> Bool

    init(_ client: Wire, _ request: MessageHead, _ misdeed: Misdeed, isHealed: @escaping () -> Bool) {
        self.client = client
        self.request = request
        self.misdeed = misdeed
        self.isHealed = isHealed
    }

    /// What needs no word from the source.
    /// - Returns: whether that was all.
    func begin() throws -> Bool {
        switch misdeed.way {
        case .hangsUp:
            client.finish()
        case .resets where misdeed.place == .first:
            client.breakOff()
        case .answers401:
            try say(401, [("WWW-Authenticate", #"Bearer realm="http://proxy.test/nowhere",service="none""#)])
        case .answers429, .answers503:
            try say(misdeed.way.status ?? 503, [("Retry-After", "1")])
        case .answers500, .answers404, .answers403:
            try say(misdeed.way.status ?? 500)
        case .answers204:
            try client.write(MessageHead("HTTP/1.1 204 No Content", [("Connection", "close")]).text)
        case .answers416:
            try say(416, [("Content-Range", "bytes */1")])
        case .answersPage:
            let page = "<!DOCTYPE html><title>Log in</title><p>Welcome to the hotel's network."
            let head = MessageHead("HTTP/1.1 200 OK", [("Content-Type", "text/html"), ("Connection", "close")])
            try send(head, page)
        case .circles:
            let host = request["Host"] ?? "proxy.test"
            try say(307, [("Location", "http://\(host)\(request.target)")])
        case .headFlows:
            try client.write("HTTP/1.1 200 OK\r\n")
            let line = "X-More: \(String(repeating: "more", count: 250))\r\n"
            for _ in 0..<100_000 where !isHealed() { try client.write(line) }
        case .babbles:
            try client.write(String(repeating: "220 mail.test ESMTP ready\r\n", count: 40))
        case .hesitates:
            for _ in 0..<30 where !isHealed() && !client.isOver(within: .milliseconds(100)) {}
            return false
        default:
            return false
        }
        client.finish()
        return true
    }

    private func say(_ status: Int, _ fields: [(name: String, value: String)] = []) throws {
        try send(
            MessageHead(
                "HTTP/1.1 \(status) Said", [("Content-Type", "application/json"), ("Connection", "close")] + fields),
            #"{"errors":[{"code":"UNKNOWN","message":"no"}]}"#)
    }

    private func send(_ head: MessageHead, _ body: String) throws {
        var head = head
        head.length = body.utf8.count
        try client.write(head.text + (request.method == "HEAD" ? "" : body))
    }

    /// What begins with the source's own answer.
    func answer(_ original: MessageHead, _ source: Wire) throws {
        var head = original
        // A refusal is passed on as it is.
        guard let length = original.length, (200...299).contains(original.status) else {
            return try pass(head, source)
        }
        let place = misdeed.place.offset(in: length)
        switch misdeed.way {
        case .resets, .truncates, .stalls, .trickles:
            try client.write(head.text)
            try FaultRelay.pass(source, to: client, place)
            if misdeed.way == .resets { return client.breakOff() }
            if misdeed.way == .truncates { break }
            if misdeed.way == .stalls {
                while !isHealed(), !client.isOver(within: .milliseconds(50)) {}
            } else {
                while !isHealed(), !client.isOver(within: .milliseconds(100)) {
                    guard try FaultRelay.pass(source, to: client, 1) == 1 else { break }
                }
            }
            try FaultRelay.pass(source, to: client, .max)
        case .flips:
            try client.write(head.text)
            try FaultRelay.pass(source, to: client, .max) { bytes, start in
                if (start..<start + bytes.count).contains(place) { bytes[place - start] ^= 1 }
            }
        case .swaps:
            try client.write(head.text)
            try FaultRelay.pass(source, to: client, .max) { bytes, _ in
                for index in bytes.indices { bytes[index] = ~bytes[index] }
            }
        case .overstates:
            head.length = length + max(1, length - place)
            if let range = head["Content-Range"], let slash = range.firstIndex(of: "/") {
                let whole = Int(range[range.index(after: slash)...]) ?? 0
                head["Content-Range"] = "\(range[...slash])\(whole + max(1, length - place))"
            }
            try pass(head, source)
        case .understates:
            head.length = place
            try client.write(head.text)
            try FaultRelay.pass(source, to: client, place)
        case .misplaces:
            head["Content-Range"] = misplaced(head["Content-Range"], length)
            head.status = 206
            try pass(head, source)
        case .ignoresRange:
            try pass(head, source)
        case .flows:
            head.length = nil
            head["Transfer-Encoding"] = "chunked"
            try client.write(head.text)
            var passed = 0
            while passed < place {
                let bytes = try source.read(atMost: min(16 << 10, place - passed), within: .seconds(120))
                guard !bytes.isEmpty else { break }
                try chunk(bytes)
                passed += bytes.count
            }
            let garbage = [UInt8](repeating: 0x55, count: 16 << 10)
            while !isHealed() { try chunk(garbage) }
        case .claimsGzip:
            head["Content-Encoding"] = "gzip"
            try pass(head, source)
        case .renames:
            head["Docker-Content-Digest"] = "sha256:" + String(repeating: "ab", count: 32)
            head["ETag"] = "\"sha256:\(String(repeating: "ab", count: 32))\""
            try pass(head, source)
        case .mistypes:
            head["Content-Type"] = "text/html"
            try pass(head, source)
        default:
            try pass(head, source)
        }
        client.finish()
    }

    private func pass(_ head: MessageHead, _ source: Wire) throws {
        try client.write(head.text)
        if request.method != "HEAD" { try FaultRelay.pass(source, to: client, .max) }
        client.finish()
    }

    private func chunk(_ bytes: [UInt8]) throws {
        try client.write("\(String(bytes.count, radix: 16))\r\n")
        try client.write(bytes)
        try client.write("\r\n")
    }

    /// Another beginning, another end, another whole.
    private func misplaced(_ range: String?, _ length: Int) -> String {
        let numbers = (range ?? "bytes 0-\(length - 1)/\(length)").split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 3 else { return "bytes 1-\(length)/\(length + 1)" }
        return switch misdeed.place {
        case .first: "bytes \(numbers[0] + 1)-\(numbers[1] + 1)/\(numbers[2] + 1)"
        case .middle: "bytes \(numbers[0])-\(numbers[1] / 2)/\(numbers[2])"
        case .last: "bytes \(numbers[0])-\(numbers[1])/\(numbers[2] - 1)"
        }
    }
}
