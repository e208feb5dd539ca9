import ArgumentParser
import OCI

/// Image names on the command line.
enum ImageArgument {
    /// Reads a name as Docker does.
    @Sendable static func read(_ text: String) throws -> ImageReference {
        do throws(OCIError) {
            return try ImageReference(normalizing: text)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
