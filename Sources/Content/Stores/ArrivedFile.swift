public import SystemPackage

/// A file whose bytes have all arrived, and which a store may take in under the blob's name. It goes with its owner otherwise.
public protocol ArrivedFile: Sendable {
    /// For readers; good for as long as it is held, whatever becomes of the name.
    var file: OpenFile { get }
    /// Where it is.
    var path: FilePath { get }
    /// Lets nothing be written any more: what is verified after this is what will be read.
    func seal()
    /// Removes it.
    func discard()
    /// It has another name now, in a store, which is not its owner's to remove.
    func surrender()
}
