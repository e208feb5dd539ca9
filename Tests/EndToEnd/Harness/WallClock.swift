import FoundationEssentials

extension LAN {
    /// The environment of a program that lives in another year. Only its wall clock is another: how time passes is the same for everybody.
    /// By a library of a few lines that the toolchain's clang makes; libfaketime takes their arguments away from Swift programs.
    func wallClock(yearsAhead years: Int) async throws -> [String: String] {
        let library = "\(folder.path)/clock\(years).so"
        let source = """
            #define _GNU_SOURCE
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>

            static const time_t offset = \(years * 365)L * 86400;

            int clock_gettime(clockid_t clock, struct timespec *now) {
                long result = syscall(SYS_clock_gettime, clock, now);
                if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset;
                return result;
            }

            int gettimeofday(struct timeval *now, void *zone) {
                struct timespec precise;
                clock_gettime(CLOCK_REALTIME, &precise);
                now->tv_sec = precise.tv_sec;
                now->tv_usec = precise.tv_nsec / 1000;
                return 0;
            }

            time_t time(time_t *now) {
                struct timespec precise;
                clock_gettime(CLOCK_REALTIME, &precise);
                if (now) *now = precise.tv_sec;
                return precise.tv_sec;
            }

            """
        try Data(source.utf8).write(to: URL(filePath: library + ".c"))
        try await Command(["clang", "-shared", "-fPIC", "-O1", "-o", library, library + ".c"]).run()
        return ["LD_PRELOAD": library]
    }
}
