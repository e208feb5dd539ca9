/// A file of users as `htpasswd -B` writes it: `user:hash`, a line each; empty lines and `#` comments are passed over.
struct HtpasswdDocument: Sendable, Equatable {
    /// A line that is not used, and why. No part of it is shown but its user.
    struct Fault: Sendable, Equatable {
        var line: Int
        var text: String
    }

    /// By name; where one stands twice, the first counts, as in Apache.
    private(set) var users: [String: BcryptHash] = [:]
    private(set) var faults: [Fault] = []
    /// In the file's order.
    private(set) var hashes: [BcryptHash] = []

    init(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            faults = [Fault(line: 1, text: "the file is not UTF-8; save it as UTF-8")]
            return
        }
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingSpaces
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            if let fault = read(line) { faults.append(Fault(line: index + 1, text: fault)) }
        }
    }

    /// - Returns: why the line is of no use; nil if it is.
    private mutating func read(_ line: Substring) -> String? {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
            return "the line is not user:hash; write one with htpasswd -B"
        }
        let user = String(line[..<colon])
        let rest = line[line.index(after: colon)...]
        // What stands behind another colon is a remark.
        let hash = rest.prefix { $0 != ":" }
        guard users[user] == nil else { return "the user stands in the file before; that line counts" }
        guard let bcrypt = BcryptHash(hash) else {
            return Self.isBcrypt(hash)
                ? "the hash is no whole bcrypt hash with a cost from \(BcryptHash.costs.lowerBound) to "
                    + "\(BcryptHash.costs.upperBound); write it again with htpasswd -B"
                : "the hash is not bcrypt's, and others are not taken; write it again with htpasswd -B"
        }
        users[user] = bcrypt
        hashes.append(bcrypt)
        return nil
    }

    private static func isBcrypt(_ hash: Substring) -> Bool {
        ["$2a$", "$2b$", "$2y$"].contains { hash.hasPrefix($0) }
    }

    static func == (left: HtpasswdDocument, right: HtpasswdDocument) -> Bool {
        left.hashes == right.hashes && left.users == right.users && left.faults == right.faults
    }
}
