import Glibc

/// One record of inotify(7): what happened to a name in a watched folder.
struct InotifyRecord: Hashable, Sendable {
    var watch: CInt
    var mask: UInt32
    /// Empty for the folder itself.
    var name: String

    /// Reads the records of one `read(2)`. What is cut off at the end is dropped: the kernel gives whole records.
    static func all(in bytes: UnsafeRawBufferPointer) -> [InotifyRecord] {
        let headSize = MemoryLayout<inotify_event>.size
        var records: [InotifyRecord] = []
        var rest = bytes[...]
        while rest.count >= headSize {
            let head = UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: inotify_event.self)
            rest = rest.dropFirst(headSize)
            guard rest.count >= Int(head.len) else { break }
            let name = String(decoding: rest.prefix(Int(head.len)).prefix { $0 != 0 }, as: UTF8.self)
            records.append(InotifyRecord(watch: head.wd, mask: head.mask, name: name))
            rest = rest.dropFirst(Int(head.len))
        }
        return records
    }
}
