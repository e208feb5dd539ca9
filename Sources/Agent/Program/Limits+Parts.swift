import Discovery
import Gateway

// The limits that the operator wrote, in the words of the modules that keep them.

extension HTTPLimits {
    /// - Parameter files: how many files the process may have open; nil where that is not known.
    init(_ limits: Configuration.Limits, files: Int?) {
        self.init()
        connections = min(limits.connections, files.map(OpenFiles.connections) ?? .max)
        connectionsPerAddress = limits.connectionsPerAddress
        requests = limits.requests
        requestLineSize = Int(limits.requestLine.bytes)
        headerSize = Int(limits.headers.bytes)
        headerCount = limits.headerFields
        headerTime = .seconds(limits.headerTimeout.seconds)
        bodyIdleTime = .seconds(limits.bodyTimeout.seconds)
        idleTime = .seconds(limits.idleTimeout.seconds)
        stallTime = .seconds(limits.stallTimeout.seconds)
    }
}

extension WaitLimits {
    init(_ limits: Configuration.Limits) {
        self.init()
        total = limits.waits
        perAddress = limits.waitsPerAddress
    }
}

extension DatagramLimits {
    init(_ limits: Configuration.Limits) {
        self.init()
        perAddress = limits.datagramsPerAddress
        strangers = limits.strangerDatagrams
        peers = limits.datagrams
    }
}

extension DirectoryLimits {
    init(_ limits: Configuration.Limits) {
        self.init()
        peers = limits.peers
        peersPerAddress = limits.peersPerAddress
        digests = limits.inventory
        digestsPerPeer = limits.inventoryPerPeer
        references = limits.names
        referencesPerPeer = limits.namesPerPeer
    }
}
