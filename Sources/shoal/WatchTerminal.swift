import Agent
import Dispatch
import Glibc

/// The terminal for as long as `--watch` has it: its other screen, keys one by one, nothing echoed.
///
/// It is as it was before when the program ends, however it ends: by a key, an error, a signal that can be caught. A program that is
/// stopped (Ctrl-Z) gives it back, too, and takes it again.
enum WatchTerminal {
    enum Event: Sendable {
        case key(UInt8)
        /// Another second has passed.
        case tick
        /// The picture has to be drawn again: the terminal has another size, or is ours again.
        case spoilt
        /// Nobody is there to watch any more.
        case gone
    }

    private static let endings = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]

    // What signal handlers need. Written before they are set.
    nonisolated(unsafe) private static var before: termios?
    nonisolated(unsafe) private static var wake: CInt = -1

    /// Takes the terminal. Its events end with the program.
    static func enter() -> AsyncStream<Event> {
        var ends: [CInt] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        wake = ends[1]
        take()
        let reading = ends[0]
        let (events, feed) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(64))
        DispatchQueue(label: "shoal.watch").async { follow(reading, feed) }
        return events
    }

    /// Gives the terminal back.
    static func leave() {
        giveBack()
        for number in endings + [SIGWINCH, SIGCONT] { signal(number, SIG_DFL) }
    }

    private static func take() {
        var mode = termios()
        if isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &mode) == 0 {
            if before == nil { before = mode }
            // Signals stay keys of their own: Ctrl-C ends the program.
            mode.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(STDIN_FILENO, TCSANOW, &mode)
        }
        for number in endings {
            signal(number) { number in
                WatchTerminal.giveBack()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
        for number in [SIGWINCH, SIGCONT] {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(WatchTerminal.wake, &byte, 1)
            }
        }
        Output.print(FullScreen.enter)
    }

    /// Nothing here but what a signal handler may do.
    private static func giveBack() {
        let text = FullScreen.leave
        _ = write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount)
        if var mode = before { tcsetattr(STDIN_FILENO, TCSANOW, &mode) }
    }

    /// Reads keys and what the handlers say until nobody is there any more.
    private static func follow(_ reading: CInt, _ feed: AsyncStream<Event>.Continuation) {
        let clock = ContinuousClock()
        var next = clock.now + .seconds(1)
        let keys = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : -1
        while true {
            let rest = max(0, Int32(clock.now.duration(to: next) / .milliseconds(1)) + 1)
            var polled = [
                pollfd(fd: keys, events: Int16(POLLIN), revents: 0),
                pollfd(fd: reading, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&polled, nfds_t(polled.count), rest)
            var byte: UInt8 = 0
            if polled[0].revents != 0 {
                guard read(keys, &byte, 1) == 1 else { break }
                feed.yield(.key(byte))
            }
            while polled[1].revents != 0, read(reading, &byte, 1) == 1 {
                if CInt(byte) == SIGCONT { take() }
                feed.yield(.spoilt)
            }
            if clock.now >= next {
                next = clock.now + .seconds(1)
                feed.yield(.tick)
            }
        }
        feed.yield(.gone)
        feed.finish()
    }
}
