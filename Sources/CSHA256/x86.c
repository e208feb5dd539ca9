/* Kernels for what an x86-64 processor may have. Nothing here runs before `kernels.c` has asked the processor. */
#include "x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "constants.h"

#define NAME(x) avx2_##x
#define LANES 8
#define TARGET __attribute__((target("avx2")))
#include "vector_kernel.h"

#define NAME(x) avx512_##x
#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512bw")))
#define TERNARY
#include "vector_kernel.h"

const shoal_sha256_kernel shoal_sha256_avx2 = {"avx2", 8, avx2_compress};
const shoal_sha256_kernel shoal_sha256_avx512 = {"avx512", 16, avx512_compress};

#endif
