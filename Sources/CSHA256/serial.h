/* Kernels of one message, or two. */
#ifndef CSHA256_SERIAL_H
#define CSHA256_SERIAL_H

#include "CSHA256.h"

/* libcrypto's, which uses what the processor has. */
extern const shoal_sha256_kernel shoal_sha256_libcrypto;

/* Plain C, for every processor: what the others are compared with. */
extern const shoal_sha256_kernel shoal_sha256_portable;

#endif
