/* The program in memory. */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The linker's: where the executable begins, and where its code ends. */
extern char __executable_start, etext;

/* Lets go of the pages of code that were used so far; what is used again comes back from the page cache. Returns 0, or -1 and errno. */
static inline int release_code(void) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = ((uintptr_t)&__executable_start + page - 1) & ~(page - 1);
    const uintptr_t end = (uintptr_t)&etext & ~(page - 1);
    return madvise((void *)start, end - start, MADV_DONTNEED);
}

/* Sees that a crash writes no memory to a disk, and that other processes of the same user cannot read it. The limit alone is not enough: a
   program that core dumps are piped to gets them whatever the limit says. Returns 0, or -1 and errno. */
static inline int forbid_dumps(void) {
    const struct rlimit none = {0, 0};
    const int is_limited = setrlimit(RLIMIT_CORE, &none);
    const int is_undumpable = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return is_limited == 0 && is_undumpable == 0 ? 0 : -1;
}

/* Whether the kernel would dump the process: 0 where it would not. */
static inline int may_be_dumped(void) {
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}
