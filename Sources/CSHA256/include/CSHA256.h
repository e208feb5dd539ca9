/*
 * SHA-256's compression function (FIPS 180-4, 6.2.2) over many independent messages at once.
 *
 * A piece of a blob whose hash state before it is known is a message of its own, so that the pieces of one blob, or of several,
 * become the lanes of one vector computation. Padding and lengths are the caller's.
 */
#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

/* The lanes of the widest kernel. */
#define SHOAL_SHA256_MAX_LANES 16
#define SHOAL_SHA256_BLOCK_BYTES 64

/*
 * One way to compute it. `compress` takes exactly `lanes` messages: each of `states` is led through `blocks` blocks of 64 bytes,
 * read from the pointer in `data` that has its index. No pointer needs alignment; messages may overlap, states may not.
 */
typedef struct {
    const char *name;
    size_t lanes;
    void (*compress)(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks);
} shoal_sha256_kernel;

/* The state that every message begins with. */
extern const uint32_t shoal_sha256_initial[8];

/* How many kernels this processor can run; at least the two serial ones. */
size_t shoal_sha256_kernel_count(void);

/* A kernel that this processor can run; `index` is below the count. The order says nothing about speed. */
const shoal_sha256_kernel *shoal_sha256_kernel_at(size_t index);

#endif
