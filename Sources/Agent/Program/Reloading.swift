import Discovery
import Gateway
import Logging
import ServiceLifecycle
import Synchronization
import Transfer
import UnixSignals

/// Reads the configuration again on SIGHUP, and applies what can change while running.
struct Reloading: Service, CustomStringConvertible {
    let parts: AgentParts
    let listeners: [HTTPListener]
    let configuration: Configuration
    let supervision: Supervision
    /// Of SIGHUP, and listened to already: who is told that the agent is ready may send one at once.
    let signals: UnixSignalsSequence

    var description: String { "Reloading" }

    func run() async throws {
        var current = configuration
        for await _ in signals.cancelOnGracefulShutdown() {
            await supervision.reloading()
            current = reload(current)
            await supervision.ready()
        }
    }

    /// - Returns: the configuration that is in force now.
    private func reload(_ current: Configuration) -> Configuration {
        guard let sources = current.sources else { return current }
        do {
            let new = try sources.load()
            let (settings, needsRestart) = Configuration.reloadable(from: configuration, to: new)
            parts.access.replace(try AccessList(settings.allow.map(\.description)))
            for listener in listeners { listener.review() }
            parts.resolver.policy = Transfer.TagPolicy(settings.tags.policy)
            // Whose tags count changes with a restart only.
            parts.sharing.apply(
                SharePolicy(settings.share, hasKey: parts.key != nil, believe: configuration.tags.believe))
            parts.gate.isOn = settings.share.privateImages == .verify
            parts.rates.apply(settings.rates)
            parts.logger.notice("reloaded the configuration")
            if !needsRestart.isEmpty {
                parts.logger.warning(
                    "some changes count after a restart only",
                    metadata: ["keys": "\(needsRestart.joined(separator: ", "))"])
            }
            return new
        } catch {
            parts.logger.error(
                "the configuration is not reloaded; the old one stays", metadata: ["reason": "\(error)"])
            return current
        }
    }
}
