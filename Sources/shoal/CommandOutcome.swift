import Agent
import ArgumentParser
import Glibc

/// What an error means to whoever typed the command: a line, and an exit code.
struct CommandOutcome: Equatable {
    /// 0 fine, 1 the thing asked for is not so, 2 wrong usage.
    var exitCode: Int32
    /// Without a line feed at its end; empty: nothing is said.
    var message: String

    init(_ error: any Error) {
        switch error {
        case let error as ConfigurationError:
            self.init(exitCode: 2, message: "shoal: \(error)")
        case let error as CommandFailure:
            self.init(exitCode: error.exitCode, message: error.message.isEmpty ? "" : "shoal: \(error.message)")
        default:
            let code = Shoal.exitCode(for: error)
            if code == .validationFailure || code == .success || error is ExitCode {
                // Usage, help and version are worded by the parser; its own code for usage is 64.
                self.init(
                    exitCode: code == .validationFailure ? 2 : code.rawValue, message: Shoal.fullMessage(for: error))
            } else {
                self.init(exitCode: 1, message: "shoal: \(error)")
            }
        }
    }

    init(exitCode: Int32, message: String) {
        self.exitCode = exitCode
        self.message = message
    }

    /// Says it, and ends the process.
    func exit() -> Never {
        if !message.isEmpty {
            if exitCode == 0 { Output.print(message + "\n") } else { Output.printError(message + "\n") }
        }
        Glibc.exit(exitCode)
    }
}

/// An error whose message is all there is to say.
struct CommandFailure: Error, Equatable {
    var exitCode: Int32 = 1
    var message: String

    /// The question was answered, and the answer is no; it has been printed.
    static let no = CommandFailure(message: "")
}
