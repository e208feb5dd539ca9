import Content
import OCI

extension DistributionError {
    /// What a client that pushes is told of a store's error.
    init(_ error: ContentError) {
        switch error.code {
        case .noSpace:
            self.init(
                code: .unknown,
                message: "the disk of the agent's data_dir is full: free space there, or remove images with 'shoal rm'",
                status: 507)
        case .exceedsCapacity: self.init(code: .denied, message: error.message, status: 507)
        case .sizeMismatch: self.init(code: .rangeInvalid, message: error.message)
        default: self.init(code: .unknown, message: error.message)
        }
    }
}

/// Does what a store may refuse, and words the refusal for the client.
func storing<Value>(_ body: () throws(ContentError) -> Value) throws(DistributionError) -> Value {
    do throws(ContentError) { return try body() } catch { throw DistributionError(error) }
}

/// The same for what takes time.
func stored<Value>(_ body: () async throws(ContentError) -> Value) async throws(DistributionError) -> Value {
    do throws(ContentError) { return try await body() } catch { throw DistributionError(error) }
}
