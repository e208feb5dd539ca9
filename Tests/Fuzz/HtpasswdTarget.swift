@testable import Agent

/// A file of users: what is taken of it can be looked up and is a whole hash, and what is not is told by its line, without any of it.
enum HtpasswdTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        let document = HtpasswdDocument(Array(input))
        require(document.users.count == document.hashes.count, "a user without a hash, or a hash without a user")
        let lines = 1 + input.count { $0 == 0x0a || $0 == 0x0d || $0 > 0x7f || $0 == 0x0b || $0 == 0x0c }
        for fault in document.faults {
            require((1...lines).contains(fault.line), "line \(fault.line) of \(lines)")
            require(!fault.text.contains("$2"), "a fault that tells a hash: \(fault.text)")
        }
        for (user, hash) in document.users {
            require(!user.isEmpty && !user.contains(":"), "a user that nobody can be: \(user)")
            require(BcryptHash.costs.contains(hash.cost) && hash.bytes.count == 60, "a hash that is none")
        }
    }
}
