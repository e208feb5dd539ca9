import OCI

/// A blob that some namespace of containerd's has, and whether it may be offered.
struct HeldBlob: Sendable {
    /// What becomes of it here.
    enum Standing: Hashable, Sendable {
        /// Anybody may be told of it.
        case offered
        /// Its file is younger than a crash: nobody is told before it has been hashed.
        case heldBack
        /// Its bytes are wrong.
        case damaged
        /// containerd lists it, and its file is not there.
        case missing
    }

    var size: Int64
    /// Which file it is, or was taken for; where files cannot be read, what containerd says of it.
    var identity: FileIdentity
    var standing: Standing

    var isOffered: Bool { standing == .offered }
}

/// What was found where a blob's file should be.
enum BlobFile: Hashable, Sendable {
    case there(FileIdentity)
    case missing
    /// Files cannot be read here.
    case unknown
}

/// That a blob's bytes are wrong: of which file that was found, and what.
struct Damage: Hashable, Sendable {
    var identity: FileIdentity
    var reason: String
}
