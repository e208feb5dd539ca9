import Content

/// A status and the meters beside it in Prometheus' text format.
///
/// The number of series is always the same: it grows neither with peers nor with blobs.
public struct MetricsText: Sendable, CustomStringConvertible {
    /// The exposition, every line ended.
    public let description: String

    /// Writes the metrics of a status.
    public init(_ status: StatusSnapshot, _ meters: MetersSnapshot = MetersSnapshot()) {
        var text = Exposition()
        text.addNode(status)
        text.addRequests(status, meters)
        text.addBytes(status, meters)
        text.addDownloads(status, meters)
        text.addStores(status, meters)
        text.addNeighbours(status, meters)
        description = text.text
    }
}

extension Exposition {
    fileprivate mutating func addNode(_ status: StatusSnapshot) {
        add(
            "shoal_build_info", .gauge, "The version that runs here.",
            [Sample(1, ["version": status.node.version])])
        add("shoal_uptime_seconds", .gauge, "Time since the agent started.", status.node.uptimeSeconds)
        add("shoal_warnings", .gauge, "Warnings that shoal status shows.", status.warnings.count)
        guard let files = status.node.files else { return }
        add("process_open_fds", .gauge, "Files that the agent has open, sockets included.", files.open)
        add("process_max_fds", .gauge, "How many files the agent may open.", files.limit)
    }

    fileprivate mutating func addStores(_ status: StatusSnapshot, _ meters: MetersSnapshot) {
        add("shoal_store_blobs", .gauge, "Blobs in Shoal's own store.", status.store.blobs)
        add("shoal_store_bytes", .gauge, "Size of Shoal's own store.", status.store.bytes)
        add("shoal_store_capacity_bytes", .gauge, "How much Shoal's own store may take.", status.store.capacity)
        add("shoal_shared_blobs", .gauge, "Blobs offered to peers.", status.shared.blobs)
        add("shoal_shared_bytes", .gauge, "Size of the blobs offered to peers.", status.shared.bytes)
        add(
            "shoal_containerd_connected", .gauge, "Whether what containerd holds is known: 1 or 0.",
            status.containerd?.isConnected == true ? 1 : 0)
        add(
            "shoal_verified_bytes_total", .counter, "Bytes hashed to verify them, as they arrive or in the stores.",
            [
                Sample(meters.arrivingWork.bytes, ["where": "arriving"]),
                Sample(meters.storedWork.bytes, ["where": "stored"]),
            ])
        add(
            "shoal_verification_seconds_total", .counter, "Time that threads spent on reading and hashing these.",
            [
                Sample(seconds: meters.arrivingWork.seconds, ["where": "arriving"]),
                Sample(seconds: meters.storedWork.seconds, ["where": "stored"]),
            ])
        add(
            "shoal_damaged_blobs_total", .counter, "Stored blobs that were found damaged, and withdrawn.",
            meters.storedWork.damaged)
    }
}
