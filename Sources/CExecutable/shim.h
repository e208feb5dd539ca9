/* The program's own code in memory. */
#include <stdint.h>
#include <sys/mman.h>
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
