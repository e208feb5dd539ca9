import Testing

/// Real programs on a LAN of network namespaces. One at a time: each test has the whole sandbox, and two cores, to itself.
@Suite(.serialized)
struct EndToEnd {}
