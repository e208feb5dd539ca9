import Glibc
import Testing

@testable import Content

@Suite("Records of inotify")
struct InotifyRecordTests {
    private func record(_ watch: CInt, _ mask: UInt32, _ name: String, padding: Int) -> [UInt8] {
        let text = Array(name.utf8) + [UInt8](repeating: 0, count: padding)
        var head = inotify_event()
        head.wd = watch
        head.mask = mask
        head.len = UInt32(text.count)
        return withUnsafeBytes(of: head) { Array($0.prefix(MemoryLayout<inotify_event>.size)) } + text
    }

    @Test("Several records of one read, names padded with zeroes or missing")
    func several() {
        let bytes = record(1, 2, "abc", padding: 13) + record(3, 4, "", padding: 0) + record(5, 6, "d", padding: 1)
        #expect(
            bytes.withUnsafeBytes { InotifyRecord.all(in: $0) } == [
                InotifyRecord(watch: 1, mask: 2, name: "abc"), InotifyRecord(watch: 3, mask: 4, name: ""),
                InotifyRecord(watch: 5, mask: 6, name: "d"),
            ])
    }

    @Test("What is cut off is dropped", arguments: [0, 1, 15, 17, 31])
    func cut(_ length: Int) {
        let bytes = record(1, 2, "abc", padding: 13).prefix(length)
        #expect(Array(bytes).withUnsafeBytes { InotifyRecord.all(in: $0) }.isEmpty)
    }
}
