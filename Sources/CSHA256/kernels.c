/* Which kernels this processor can run. */
#include "CSHA256.h"

#include "serial.h"
#include "x86.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* SHA extensions: leaf 7, EBX bit 29. They use registers that every x86-64 system saves; AVX needs the system's consent, which
 * __builtin_cpu_supports asks for. */
static int has_sha_extensions(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29)) && __builtin_cpu_supports("sse4.1") &&
           __builtin_cpu_supports("ssse3");
}
#endif

const uint32_t shoal_sha256_initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const shoal_sha256_kernel *usable[5];
static size_t usable_count;

__attribute__((constructor)) static void find_kernels(void) {
    usable[usable_count++] = &shoal_sha256_libcrypto;
    usable[usable_count++] = &shoal_sha256_portable;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (has_sha_extensions()) usable[usable_count++] = &shoal_sha256_shani;
    if (__builtin_cpu_supports("avx2")) usable[usable_count++] = &shoal_sha256_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        usable[usable_count++] = &shoal_sha256_avx512;
#endif
}

size_t shoal_sha256_kernel_count(void) { return usable_count; }

const shoal_sha256_kernel *shoal_sha256_kernel_at(size_t index) { return usable[index]; }
