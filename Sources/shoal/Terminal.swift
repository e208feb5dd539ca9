import Agent
import Glibc

/// The terminal that standard output is.
enum Terminal {
    /// Its size in characters; that of an old one where it does not say.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether lines can be drawn over.
    static var canDraw: Bool { Output.isTerminal && Environment.variables["TERM"] != "dumb" }

    /// From now on a program that is interrupted leaves the cursor to be seen.
    static func restoreCursorOnSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal(number) { number in
                // Nothing here but what a signal handler may do.
                let text = LiveArea.restore
                _ = write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
