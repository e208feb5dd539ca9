import Discovery
import Synchronization

/// Who may connect: the access list in force, which a reload replaces, and the peers that are allowed by name or by the cluster key.
final class AccessControl: Sendable {
    private let list: Mutex<AccessList>
    private let directory: Directory

    init(_ list: AccessList, directory: Directory) {
        self.list = Mutex(list)
        self.directory = directory
    }

    /// Whether `peers.allow` names the address.
    func allows(_ address: String) -> Bool {
        list.withLock { $0 }.allows(address)
    }

    /// Whether a connection from there is taken.
    func admits(_ address: String) -> Bool {
        let list = list.withLock { $0 }
        return list.allows(address) || directory.isNamed(address)
            || list.admitsMembers && directory.isMember(address)
    }

    /// Whether holders of the cluster key are let in from wherever they are.
    var admitsMembers: Bool { list.withLock { $0.admitsMembers } }

    func replace(_ new: AccessList) {
        list.withLock { $0 = new }
    }
}
