/// One service as it is told on one interface over one protocol: mDNS knows it once for each of these.
struct MDNSInstance: Sendable, Hashable {
    /// The kernel's number of the interface.
    var interface: Int32
    /// Over which the multicast travels, and of which the address is.
    var family: IPAddress.Family
    /// Of the service, as its node has chosen it.
    var name: String
    var domain: String

    /// The same for all instances of one service.
    var service: MDNSServiceName { MDNSServiceName(name: name, domain: domain) }
}

/// A service's name, which is its owner's alone on a LAN.
struct MDNSServiceName: Sendable, Hashable {
    var name: String
    var domain: String
}

/// Where a service is and what its TXT record says.
struct MDNSResolution: Sendable, Equatable {
    var address: IPAddress
    var port: UInt16
    var strings: [[UInt8]]
}

/// What is announced on an interface.
struct MDNSAnnouncement: Sendable, Equatable {
    /// Of the service.
    var name: String
    var port: UInt16
    var strings: [[UInt8]]
}

/// What the responder of this machine tells.
enum MDNSEvent: Sendable {
    enum Daemon: Sendable, Equatable {
        /// It does not run; the session waits for it.
        case away
        /// It runs and claims the host's name; nothing may be published yet.
        case registering
        case running
        /// Another machine has the host's name; the daemon chooses another one.
        case hostCollision
    }

    case daemon(Daemon)
    /// The session is dead, as after a restart of the daemon; only another one helps.
    case lost(AvahiError)

    /// What became of publishing on an interface.
    case established(interface: Int32)
    /// Somebody else has the service's name.
    case collided(interface: Int32)
    case refused(interface: Int32, AvahiError)

    /// - Parameters:
    ///   - interfaceName: nil where the interface is gone already.
    ///   - isOwn: this session published it.
    case found(MDNSInstance, interfaceName: String?, isOwn: Bool)
    case removed(MDNSInstance)
    /// Everything that the daemon knew has been told.
    case settled

    /// Told at first, and again with each change.
    case resolved(MDNSInstance, MDNSResolution)
    /// No answer yet; one may come later.
    case unresolved(MDNSInstance)
}

/// What the responder of this machine is asked to do.
enum MDNSCommand: Sendable, Equatable {
    case browse
    case publish(interface: Int32, MDNSAnnouncement)
    /// The TXT record of what is published already.
    case update(interface: Int32, MDNSAnnouncement)
    case withdraw(interface: Int32)
    /// Resolve, and tell of changes.
    case follow(MDNSInstance)
    case unfollow(MDNSInstance)
}

/// A conversation with the responder of this machine. Avahi's in production; a script in tests.
///
/// Events go to the sink that the session was opened with, on a thread of the session's own.
protocol MDNSSession: Sendable {
    /// Blocks for as long as the responder takes.
    func perform(_ command: MDNSCommand) throws(AvahiError)

    /// Withdraws everything and ends the events: none is told after this has returned. Blocks until then; a second time does nothing.
    func close()
}
