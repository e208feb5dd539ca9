import CAvahi
import Glibc
import Synchronization

/// A client of avahi-daemon: the C library's poll thread, its connection over D-Bus, and what hangs on it.
///
/// **Threads.** The library calls back on its poll thread and holds the poll's lock meanwhile, except for the first callback of a client,
/// which comes out of `avahi_client_new`, before that thread is started. Callbacks copy what they are given (strings die when they
/// return), hand it to `sink`, and do nothing else: they ask the library for numbers of errors at most, never change or free
/// anything of it and never take `gate`, and so can neither wait nor free what their caller still uses. Commands come from any
/// other thread, one at a time (`gate`), and take the poll's lock.
///
/// **Memory.** Groups, browser and resolvers belong to the client, the client to the poll; all are freed in `close` and nowhere else,
/// resolvers and groups also on command. `close` first stops the poll, which joins its thread: after that nothing calls back.
/// The library holds the session itself, retained, as user data, from `open` until `close` has joined the thread.
///
/// `@unchecked Sendable`: `poll` and `sink` never change, and `handles` is touched only with the poll's lock held or after its thread was
/// joined, in both cases under `gate`, or by the poll's thread, which holds the lock.
final class AvahiSession: MDNSSession, @unchecked Sendable {
    private struct Handles {
        var client: OpaquePointer?
        var browser: OpaquePointer?
        /// By interface.
        var groups: [Int32: OpaquePointer] = [:]
        var resolvers: [MDNSInstance: OpaquePointer] = [:]
    }

    private let poll: OpaquePointer
    private let sink: @Sendable (MDNSEvent) -> Void
    private var handles = Handles()
    /// Whether the session is closed; held while a command or `close` runs.
    private let gate = Mutex(false)

    private init(poll: OpaquePointer, sink: @escaping @Sendable (MDNSEvent) -> Void) {
        self.poll = poll
        self.sink = sink
    }

    /// Connects to D-Bus, and to the daemon as soon as it is there. Blocks. Whoever gets a session closes it.
    /// - Parameter sink: told of events, on the session's thread; it must not call the session.
    static func open(_ sink: @escaping @Sendable (MDNSEvent) -> Void) throws(AvahiError) -> AvahiSession {
        guard let poll = avahi_threaded_poll_new() else {
            throw AvahiError(Int32(AVAHI_ERR_NO_MEMORY), "make a thread for mDNS")
        }
        let session = AvahiSession(poll: poll, sink: sink)
        let userData = Unmanaged.passRetained(session)
        var code: Int32 = 0
        let client = avahi_client_new(
            avahi_threaded_poll_get(poll), AVAHI_CLIENT_NO_FAIL, onClient, userData.toOpaque(), &code)
        // The thread has not been started: nobody else is here yet.
        session.handles.client = client
        guard let client else {
            avahi_threaded_poll_free(poll)
            userData.release()
            throw AvahiError(code, "reach avahi-daemon over D-Bus")
        }
        guard avahi_threaded_poll_start(poll) == 0 else {
            avahi_client_free(client)
            avahi_threaded_poll_free(poll)
            userData.release()
            throw AvahiError(Int32(AVAHI_ERR_OS), "start a thread for mDNS")
        }
        return session
    }

    func close() {
        gate.withLock { isClosed in
            guard !isClosed else { return }
            isClosed = true
            avahi_threaded_poll_stop(poll)
            // Frees what belongs to it, and closes the connection: that is how the daemon learns to say goodbye for us. Freeing the
            // groups one by one would ask it, and wait for a daemon that hangs.
            if let client = handles.client { avahi_client_free(client) }
            handles = Handles()
            avahi_threaded_poll_free(poll)
            Unmanaged.passUnretained(self).release()
        }
    }

    // MARK: Commands

    func perform(_ command: MDNSCommand) throws(AvahiError) {
        let result = gate.withLock { isClosed -> Result<Void, AvahiError> in
            guard !isClosed else { return .failure(.closed("tell the mDNS daemon anything")) }
            avahi_threaded_poll_lock(poll)
            defer { avahi_threaded_poll_unlock(poll) }
            guard let client = handles.client else { return .failure(.closed("tell the mDNS daemon anything")) }
            do throws(AvahiError) {
                return .success(try perform(command, with: client))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func perform(_ command: MDNSCommand, with client: OpaquePointer) throws(AvahiError) {
        switch command {
        case .browse: try browse(with: client)
        case .publish(let interface, let announcement):
            try publish(announcement, on: interface, with: client)
        case .update(let interface, let announcement): try update(announcement, on: interface, with: client)
        case .withdraw(let interface):
            // Its failure says that the daemon is gone, and with it the service.
            if let group = handles.groups.removeValue(forKey: interface) { avahi_entry_group_free(group) }
        case .follow(let instance): try follow(instance, with: client)
        case .unfollow(let instance):
            if let resolver = handles.resolvers.removeValue(forKey: instance) { avahi_service_resolver_free(resolver) }
        }
    }

    private var userData: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private func browse(with client: OpaquePointer) throws(AvahiError) {
        guard handles.browser == nil else { return }
        handles.browser = avahi_service_browser_new(
            client, Int32(AVAHI_IF_UNSPEC), Int32(AVAHI_PROTO_UNSPEC), MDNSLimits.serviceType, nil,
            AVAHI_LOOKUP_USE_MULTICAST, Self.onBrowse, userData)
        guard handles.browser != nil else { throw failure(of: client, "browse for peers") }
    }

    private func publish(
        _ announcement: MDNSAnnouncement, on interface: Int32, with client: OpaquePointer
    ) throws(AvahiError) {
        let attempt = "publish the service \(announcement.name)"
        // A group that collided is used again: the daemon slows down who tries too often, group by group.
        guard let group = handles.groups[interface] ?? avahi_entry_group_new(client, Self.onGroup, userData) else {
            throw failure(of: client, attempt)
        }
        handles.groups[interface] = group
        if avahi_entry_group_is_empty(group) == 0 { avahi_entry_group_reset(group) }
        let code = AvahiStrings.with(announcement.strings) { list in
            avahi_entry_group_add_service_strlst(
                group, interface, Int32(AVAHI_PROTO_UNSPEC), Self.publishing, announcement.name, MDNSLimits.serviceType,
                nil, nil, announcement.port, list)
        }
        try check(code, attempt)
        try check(avahi_entry_group_commit(group), attempt)
    }

    private func update(
        _ announcement: MDNSAnnouncement, on interface: Int32, with client: OpaquePointer
    ) throws(AvahiError) {
        guard let group = handles.groups[interface] else { return }
        let code = AvahiStrings.with(announcement.strings) { list in
            avahi_entry_group_update_service_txt_strlst(
                group, interface, Int32(AVAHI_PROTO_UNSPEC), Self.publishing, announcement.name, MDNSLimits.serviceType,
                nil, list)
        }
        try check(code, "update the service \(announcement.name)")
    }

    private func follow(_ instance: MDNSInstance, with client: OpaquePointer) throws(AvahiError) {
        guard handles.resolvers[instance] == nil else { return }
        let family = Int32(instance.family == .v4 ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6)
        let resolver = avahi_service_resolver_new(
            client, instance.interface, family, instance.name, MDNSLimits.serviceType, instance.domain, family,
            AVAHI_LOOKUP_USE_MULTICAST, Self.onResolve, userData)
        guard let resolver else { throw failure(of: client, "resolve a service") }
        handles.resolvers[instance] = resolver
    }

    /// Without the daemon's cookie, of which nobody here has a use: the record is ours to fill.
    private static let publishing = AVAHI_PUBLISH_NO_COOKIE

    private func failure(of client: OpaquePointer, _ attempt: String) -> AvahiError {
        AvahiError(avahi_client_errno(client), attempt)
    }

    private func check(_ code: Int32?, _ attempt: String) throws(AvahiError) {
        let code = code ?? Int32(AVAHI_ERR_NO_MEMORY)
        guard code == AVAHI_OK || code == AVAHI_ERR_NO_CHANGE else { throw AvahiError(code, attempt) }
    }
}

// MARK: Callbacks

extension AvahiSession {
    private static func session(_ userData: UnsafeMutableRawPointer?) -> AvahiSession? {
        userData.map { Unmanaged<AvahiSession>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let onClient: AvahiClientCallback = { client, state, userData in
        guard let session = session(userData) else { return }
        switch state {
        case AVAHI_CLIENT_CONNECTING: session.sink(.daemon(.away))
        case AVAHI_CLIENT_S_REGISTERING: session.sink(.daemon(.registering))
        case AVAHI_CLIENT_S_RUNNING: session.sink(.daemon(.running))
        case AVAHI_CLIENT_S_COLLISION: session.sink(.daemon(.hostCollision))
        default:
            session.sink(.lost(AvahiError(avahi_client_errno(client), "speak to avahi-daemon")))
        }
    }

    private static let onGroup: AvahiEntryGroupCallback = { group, state, userData in
        // The first call comes before the group is in the table, and says nothing.
        guard let session = session(userData),
            let interface = session.handles.groups.first(where: { $0.value == group })?.key
        else { return }
        switch state {
        case AVAHI_ENTRY_GROUP_ESTABLISHED: session.sink(.established(interface: interface))
        case AVAHI_ENTRY_GROUP_COLLISION: session.sink(.collided(interface: interface))
        case AVAHI_ENTRY_GROUP_FAILURE:
            let code = avahi_client_errno(avahi_entry_group_get_client(group))
            session.sink(.refused(interface: interface, AvahiError(code, "publish the service")))
        default: break
        }
    }

    private static let onBrowse: AvahiServiceBrowserCallback = {
        browser, interface, family, event, name, _, domain, flags, userData in
        guard let session = session(userData) else { return }
        switch event {
        case AVAHI_BROWSER_NEW:
            guard let instance = MDNSInstance(interface, family, name, domain) else { return }
            let isOwn = flags.rawValue & AVAHI_LOOKUP_RESULT_OUR_OWN.rawValue != 0
            session.sink(.found(instance, interfaceName: interfaceName(interface), isOwn: isOwn))
        case AVAHI_BROWSER_REMOVE:
            if let instance = MDNSInstance(interface, family, name, domain) { session.sink(.removed(instance)) }
        case AVAHI_BROWSER_ALL_FOR_NOW: session.sink(.settled)
        case AVAHI_BROWSER_FAILURE:
            let code = avahi_client_errno(avahi_service_browser_get_client(browser))
            session.sink(.lost(AvahiError(code, "browse for peers")))
        default: break
        }
    }

    private static let onResolve: AvahiServiceResolverCallback = {
        _, interface, family, event, name, _, domain, _, address, port, strings, _, userData in
        guard let session = session(userData), let instance = MDNSInstance(interface, family, name, domain) else {
            return
        }
        guard event == AVAHI_RESOLVER_FOUND, let address else {
            session.sink(.unresolved(instance))
            return
        }
        let resolution = MDNSResolution(
            address: IPAddress(address.pointee, zone: interfaceName(interface)), port: port,
            strings: AvahiStrings.copy(strings, limit: MDNSLimits.record))
        session.sink(.resolved(instance, resolution))
    }

    private static func interfaceName(_ index: Int32) -> String? {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard index > 0, if_indextoname(UInt32(index), &name) != nil else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension MDNSInstance {
    /// Copies what a callback was given. Nil for a family that is neither.
    fileprivate init?(
        _ interface: AvahiIfIndex, _ family: AvahiProtocol, _ name: UnsafePointer<CChar>?,
        _ domain: UnsafePointer<CChar>?
    ) {
        guard let name, let domain else { return nil }
        switch Int(family) {
        case Int(AVAHI_PROTO_INET): self.family = .v4
        case Int(AVAHI_PROTO_INET6): self.family = .v6
        default: return nil
        }
        self.interface = interface
        self.name = String(cString: name)
        self.domain = String(cString: domain)
    }
}

extension IPAddress {
    /// - Parameter zone: the interface that the address was told on: without it a link-local one leads nowhere.
    fileprivate init(_ address: AvahiAddress, zone: String?) {
        var address = address
        self = withUnsafeBytes(of: &address.data) { bytes in
            if Int(address.proto) == Int(AVAHI_PROTO_INET) {
                return IPAddress(family: .v4, bytes: bytes.prefix(4))
            }
            let plain = IPAddress(family: .v6, bytes: bytes.prefix(16))
            return plain.isLinkLocal ? zone.map(plain.inZone) ?? plain : plain
        }
    }
}

/// Service names as Avahi chooses them.
enum AvahiNames {
    /// The name to try after a collision: `name #2`, `name #3`, …
    static func alternative(to name: String) -> String {
        guard let text = avahi_alternative_service_name(name) else { return name }
        defer { avahi_free(text) }
        return String(cString: text)
    }
}
