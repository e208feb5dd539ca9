import FoundationEssentials
import Glibc
import Integrity
public import SystemPackage

extension ClusterKey {
    private static let fileLimit = 64 * 1024

    /// Reads a key file: one key a line, in base64 or hexadecimal, `#` begins a comment.
    ///
    /// Refused where others could have read it: a file whose mode gives anything to others, or to its group unless it
    /// is root's (`root:shoal 0640` is how a package hands a key to a service).
    public static func load(path: FilePath) throws(DiscoveryError) -> ClusterKey {
        let bytes: [UInt8]
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            bytes = try file.closeAfter {
                if let reason = try exposure(of: file) {
                    throw DiscoveryError(.keyUnusable, "cluster key \(path): \(reason); chmod 600 \(path)")
                }
                guard let bytes = try SmallFile.read(file, limit: fileLimit) else {
                    throw DiscoveryError(
                        .keyUnusable, "cluster key \(path): it is larger than \(fileLimit) bytes; is it a key file?")
                }
                return bytes
            }
        } catch let error as DiscoveryError {
            throw error
        } catch Errno.permissionDenied {
            throw DiscoveryError(
                .keyUnusable,
                "cluster key \(path) may not be read by the agent's user; make it the user's own, or root's with the user's "
                    + "group: chown root:GROUP and chmod 640", cause: Errno.permissionDenied)
        } catch {
            throw DiscoveryError(
                .keyUnusable, "cluster key \(path) cannot be read (\(error)); write one with shoal keygen \(path)",
                cause: error)
        }
        do {
            return try ClusterKey(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw DiscoveryError(error.code, "cluster key \(path): \(error.message)", cause: error.cause)
        }
    }

    /// Parses the text of a key file. No message quotes a line of it.
    init(text: String) throws(DiscoveryError) {
        var secrets: [[UInt8]] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let word = words.first else { continue }
            guard words.count == 1, let secret = Self.secret(word) else {
                throw DiscoveryError(
                    .keyUnusable,
                    "line \(number + 1) is neither base64 nor hexadecimal; write a key with shoal keygen FILE")
            }
            secrets.append(secret)
        }
        try self.init(secrets: secrets)
    }

    /// Text for a new key file, with a key from the system's random source.
    public static func generate() -> String {
        """
        # A Shoal cluster key. Every node of the cluster has the same file, nobody else has it.
        # Several lines: all are accepted, the first is used.
        \(Data(SecureRandom.bytes(minimumBytes)).base64EncodedString())

        """
    }

    /// Writes a new key file, readable by its owner alone. Throws `.keyUnusable` where there is a file already: a key that is
    /// in use is not overwritten.
    public static func write(to path: FilePath) throws(DiscoveryError) {
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite])
            try file.closeAfter {
                try file.writeAll(Array(generate().utf8))
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
        } catch Errno.fileExists {
            throw DiscoveryError(
                .keyUnusable, "\(path) exists already and is left as it is; name another file, or remove it first")
        } catch {
            throw DiscoveryError(
                .keyUnusable, "\(path) cannot be written (\(error)); name a file in a folder that you may write to",
                cause: error)
        }
    }

    private static func secret(_ word: Substring) -> [UInt8]? {
        // Sixty-four and more hexadecimal digits are also valid base64; no generated key looks like that by accident,
        // for base64 of 32 bytes ends in "=".
        if word.utf8.count >= 2 * minimumBytes, let bytes = Hex.bytes(word) { return bytes }
        return Data(base64Encoded: String(word)).map(Array.init)
    }

    /// Why the mode of the file lets others read it, or nil.
    private static func exposure(of file: FileDescriptor) throws -> String? {
        let status = try file.stat()
        return exposure(mode: status.permissions.rawValue, owner: status.userID.rawValue)
    }

    static func exposure(mode: UInt32, owner: UInt32) -> String? {
        let octal = String(mode & 0o777, radix: 8)
        if mode & 0o007 != 0 { return "everybody on this machine may read it or write to it (mode \(octal))" }
        if mode & 0o020 != 0 { return "its group may write to it (mode \(octal))" }
        if mode & 0o040 != 0, owner != 0 { return "its group may read it (mode \(octal))" }
        return nil
    }
}
