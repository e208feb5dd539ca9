import CAvahi

/// Between the strings of a TXT record and Avahi's list of them.
enum AvahiStrings {
    /// Calls `body` with a list that is freed when it returns. Nil where there is no memory for it.
    static func with<Result>(_ strings: [[UInt8]], _ body: (OpaqueList) -> Result) -> Result? {
        // The list grows at its head; what is added last is written first.
        var list: OpaqueList?
        for string in strings.reversed() {
            let longer = string.withUnsafeBufferPointer {
                avahi_string_list_add_arbitrary(list, $0.baseAddress, $0.count)
            }
            guard let longer else {
                avahi_string_list_free(list)
                return nil
            }
            list = longer
        }
        guard let list else { return nil }
        defer { avahi_string_list_free(list) }
        return body(list)
    }

    typealias OpaqueList = UnsafeMutablePointer<AvahiStringList>

    /// Copies a list that is somebody else's: at most so many bytes, and one string more, so that the reader sees that it is too long.
    static func copy(_ list: OpaqueList?, limit: Int) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        var bytes = 0
        var next = list
        while let item = next, bytes <= limit {
            let text = UnsafeBufferPointer(
                start: avahi_string_list_get_text(item), count: avahi_string_list_get_size(item))
            strings.append(Array(text))
            bytes += 1 + text.count
            next = avahi_string_list_get_next(item)
        }
        return strings
    }
}
