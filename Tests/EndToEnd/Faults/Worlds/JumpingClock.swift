import FoundationEssentials
import Glibc

/// A wall clock that can be set while a program runs, for that program alone: by a library between it and the C library. Time namespaces
/// do not do it (they move the monotonic clock and leave the wall clock), and the machine's own clock is everybody's.
struct JumpingClock: Sendable {
    private let file: String
    /// For the program's process.
    let environment: [String: String]

    init(in folder: String) async throws {
        file = folder + "/clock"
        let library = folder + "/clock.so"
        let source = """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>

            static volatile long *offset;

            __attribute__((constructor)) static void begin(void) {
                int file = open("\(file)", O_RDONLY | O_CLOEXEC);
                void *place = file < 0 ? MAP_FAILED : mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
                if (place != MAP_FAILED) offset = place;
                if (file >= 0) close(file);
            }

            int clock_gettime(clockid_t clock, struct timespec *now) {
                long result = syscall(SYS_clock_gettime, clock, now);
                if (result == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                    now->tv_sec += *offset;
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
        environment = ["LD_PRELOAD": library]
        try jump(seconds: 0)
        try await Command(["clang", "-shared", "-fPIC", "-O1", "-o", library, library + ".c"]).run()
    }

    /// From now on the clock is so far from the true one.
    func jump(seconds: Int) throws {
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw HarnessError("cannot open \(file)") }
        defer { close(descriptor) }
        var word = seconds
        guard pwrite(descriptor, &word, MemoryLayout<Int>.size, 0) == MemoryLayout<Int>.size else {
            throw HarnessError("cannot set the clock in \(file)")
        }
    }
}
