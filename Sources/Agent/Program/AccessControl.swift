import Discovery
import Synchronization

/// The access list in force; a reload puts another in its place.
final class AccessControl: Sendable {
    private let list: Mutex<AccessList>

    init(_ list: AccessList) {
        self.list = Mutex(list)
    }

    func allows(_ address: String) -> Bool {
        list.withLock { $0 }.allows(address)
    }

    func replace(_ new: AccessList) {
        list.withLock { $0 = new }
    }
}
