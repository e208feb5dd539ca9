import Archive
import Content
import Gateway
import OCI

extension LoadFailure {
    /// What an error means to whoever wants an archive to be loaded.
    init(_ error: any Error) {
        switch error {
        case let error as LoadFailure: self = error
        case let error as ArchiveError:
            let code: Code =
                switch error.code {
                case .incomplete: .incomplete
                case .nameless: .nameless
                default: .archive
                }
            self.init(code: code, reason: error.message)
        case let error as OCIError: self.init(code: .refused, reason: error.message)
        case let error as ContentError where error.code == .noSpace || error.code == .exceedsCapacity:
            self.init(
                code: .noSpace, reason: "there is no room for the archive's blobs: \(error.message)",
                mend: "make room there, or see store.capacity")
        case let error as ContentError where error.code == .digestMismatch || error.code == .sizeMismatch:
            self.init(
                code: .archive, reason: "the archive is damaged: \(error.message)", mend: "make or copy it again")
        case let error as ContentError:
            self.init(code: .broken, reason: error.message, mend: "the agent's log may say more")
        case let error as HTTPRefusal:
            self.init(code: .broken, reason: "the archive stopped coming: \(error.message)", mend: "load it again")
        case is CancellationError:
            self.init(code: .stopping, reason: "the agent is shutting down", mend: "load it again when it runs")
        default:
            self.init(
                code: .broken, reason: "the archive was not loaded: \(error)", mend: "the agent's log may say more")
        }
    }
}

extension SaveFailure {
    /// What an error means to whoever wants images to be saved.
    init(_ error: any Error) {
        switch error {
        case let error as SaveFailure: self = error
        case let error as ArchiveError: self.init(error.code == .incomplete ? .notFound : .broken, error.message)
        case is CancellationError: self.init(.broken, "the agent is shutting down; save again when it runs")
        default: self.init(.broken, "the images were not saved: \(error); the agent's log may say more")
        }
    }
}
