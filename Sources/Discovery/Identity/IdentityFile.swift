import FoundationEssentials
import Glibc
import SystemPackage

/// `data_dir/node.json`: the node's id and the epoch of its last start.
struct IdentityFile {
    enum Contents: Equatable {
        case missing
        case intact(id: NodeID, epoch: UInt64)
        case damaged(reason: String)
    }

    let path: FilePath

    private struct Document: Codable {
        var schema: Int
        var id: NodeID
        var epoch: UInt64
    }

    private static let sizeLimit = 4096

    func read() throws(DiscoveryError) -> Contents {
        let bytes: [UInt8]
        do {
            guard let found = try SmallFile.read(path, limit: Self.sizeLimit) else {
                return .damaged(reason: "it is larger than \(Self.sizeLimit) bytes")
            }
            bytes = found
        } catch Errno.noSuchFileOrDirectory {
            return .missing
        } catch {
            throw DiscoveryError(
                .identityUnusable, "\(path) cannot be read (\(error)); let the agent's user read and write it",
                cause: error)
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)) else {
            return .damaged(reason: "it is not the JSON that the agent writes")
        }
        // The last epoch could not grow by one.
        guard document.epoch > 0, document.epoch < .max else {
            return .damaged(reason: "its epoch is \(document.epoch)")
        }
        return .intact(id: document.id, epoch: document.epoch)
    }

    /// Returns the line for the log.
    func moveAside(because reason: String) throws(DiscoveryError) -> String {
        let aside = FilePath("\(path).damaged")
        guard rename(path.string, aside.string) == 0 else {
            let error = Errno(rawValue: errno)
            throw DiscoveryError(
                .identityUnusable,
                "\(path) is damaged (\(reason)) and cannot be moved to \(aside) (\(error)); remove it by hand",
                cause: error)
        }
        return "\(path) is damaged (\(reason)); it is now \(aside), and this node starts under a new id"
    }

    func write(id: NodeID, epoch: UInt64) throws(DiscoveryError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let document = Document(schema: 1, id: id, epoch: epoch)
            let text = try Array(encoder.encode(document)) + Array("\n".utf8)
            try SmallFile.replace(path, with: text)
        } catch {
            throw DiscoveryError(
                .identityUnusable, "\(path) cannot be written (\(error)); let the agent's user write in its folder",
                cause: error)
        }
    }
}
