#ifndef CSHA256_X86_H
#define CSHA256_X86_H

#include "CSHA256.h"

#if defined(__x86_64__)

extern const shoal_sha256_kernel shoal_sha256_avx2;
extern const shoal_sha256_kernel shoal_sha256_avx512;
/* Two messages at once: the SHA instructions of one wait for each other, and leave room for those of another. */
extern const shoal_sha256_kernel shoal_sha256_shani;

#endif
#endif
