/* Four lanes in whatever vectors, or none, the processor is bound to have: SSE2 on x86-64, NEON on 64-bit ARM. */
#include "constants.h"
#include "serial.h"

#define NAME(x) portable_##x
#define LANES 4
#define TARGET
#include "vector_kernel.h"

const shoal_sha256_kernel shoal_sha256_portable = {"portable", 4, portable_compress};
