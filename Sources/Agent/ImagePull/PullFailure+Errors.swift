import Containerd
import Content
import OCI
import Transfer

extension PullFailure {
    /// What an error means to whoever wants the image.
    init(_ error: any Error, pulling image: ImageReference) {
        switch error {
        case let error as PullFailure: self = error
        case let error as UpstreamError: self.init(error, image)
        case let error as FetchError: self.init(error, image)
        case let error as ContainerdError: self.init(error)
        case let error as ContentError:
            self.init(
                code: error.code == .noSpace ? .noSpace : .broken, reason: error.message,
                mend: error.code == .noSpace ? "make room, or lower store.capacity" : "the agent's log may say more")
        case is CancellationError:
            self.init(code: .stopping, reason: "the agent is shutting down", mend: "pull again when it runs")
        default:
            self.init(code: .broken, reason: "\(image) was not had: \(error)", mend: "the agent's log may say more")
        }
    }

    private init(_ error: UpstreamError, _ image: ImageReference) {
        switch error.code {
        case .notFound:
            self.init(
                code: .notFound, reason: "nobody has \(image): \(error.message)", mend: "check the name and the tag")
        case .needsCredentials, .denied:
            self.init(
                code: .credentials, reason: error.message,
                mend:
                    "give the agent username and password_file under [upstream.\"\(error.registry)\"], or docker_config"
            )
        case .unreachable:
            self.init(
                code: .notFound, reason: "\(image) was not had: \(error.message), and nobody on the LAN has it",
                mend: "shoal locate \(image) shows who holds what")
        case .throttled:
            self.init(code: .broken, reason: error.message, mend: "try again later")
        case .broken, .notAllowed, .rangeUnsatisfiable:
            self.init(code: error.code == .notAllowed ? .refused : .broken, reason: error.message, mend: "")
        }
    }

    private init(_ error: FetchError, _ image: ImageReference) {
        switch error.code {
        case .notFound:
            self.init(
                code: .notFound, reason: "\(image) was not had: \(error.message)",
                mend: "shoal locate \(image) shows who holds what; tags of other nodes count with a cluster key only")
        case .noSpace:
            self.init(
                code: .noSpace, reason: "the agent's disk is full: \(error.message)",
                mend: "make room there, or lower store.capacity")
        case .busy: self.init(code: .broken, reason: error.message, mend: "try again when they are through")
        case .damaged, .broken: self.init(code: .broken, reason: error.message, mend: "try again: what came is kept")
        case .stopping: self.init(code: .stopping, reason: error.message, mend: "pull again when it runs")
        }
    }

    private init(_ error: ContainerdError) {
        switch error.code {
        case .unreachable, .permission, .notContainerd:
            self.init(
                code: .runtimeGone, reason: "containerd went away, or cannot be reached: \(error.message)",
                mend: "see that it runs and pull again: what came is kept")
        case .noSpace:
            self.init(code: .noSpace, reason: "containerd's disk is full: \(error.message)", mend: "make room there")
        case .notFound, .alreadyThere, .refused, .malformed:
            self.init(code: .runtimeRefused, reason: error.message, mend: "its log may say why")
        }
    }
}
