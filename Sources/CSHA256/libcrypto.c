/*
 * OpenSSL's low-level interface, deprecated and still exported by its version 3, is the only one that begins and ends at a
 * state of one's own. It is as fast as its successor, and uses SHA extensions where there are any.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <string.h>

#include "serial.h"

static void compress(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks) {
    SHA256_CTX context;
    SHA256_Init(&context);
    memcpy(context.h, states[0], sizeof context.h);
    /* Whole blocks are hashed as they are, not buffered. */
    SHA256_Update(&context, data[0], blocks * SHOAL_SHA256_BLOCK_BYTES);
    memcpy(states[0], context.h, sizeof context.h);
}

const shoal_sha256_kernel shoal_sha256_libcrypto = {"libcrypto", 1, compress};
