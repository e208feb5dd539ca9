/*
 * Every kernel that this processor can run, beside libcrypto's whole hash, over messages whose buffers end where they do: the
 * sanitizers see what is read or written beside them. Ends with 1 where two disagree. Run by deploy/sanitize.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CSHA256.h"

#define MOST_BLOCKS 40

static uint64_t random_state;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* A message of whole blocks, its padding included, at an address of any alignment. */
typedef struct {
    uint8_t *buffer;
    uint8_t *start;
    uint8_t digest[32];
} message;

static message make_message(size_t blocks) {
    message made;
    size_t bytes = blocks * SHOAL_SHA256_BLOCK_BYTES, shift = next_random() % 64;
    made.buffer = malloc(shift + bytes);
    made.start = made.buffer + shift;
    for (size_t i = 0; i < bytes; i++) made.start[i] = (uint8_t)next_random();
    /* The last 9 bytes at least are padding: a one bit, zeros, and the length in bits. */
    size_t length = bytes - 9 - next_random() % 55;
    made.start[length] = 0x80;
    memset(made.start + length + 1, 0, bytes - 8 - length - 1);
    for (int i = 0; i < 8; i++) made.start[bytes - 1 - i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    EVP_Digest(made.start, length, made.digest, NULL, EVP_sha256(), NULL);
    return made;
}

static int is_digest(const uint32_t state[8], const uint8_t digest[32]) {
    for (int i = 0; i < 32; i++)
        if ((uint8_t)(state[i / 4] >> (24 - 8 * (i % 4))) != digest[i]) return 0;
    return 1;
}

/* All lanes of one call, led through their messages in as many steps as chance will have. */
static int agrees(const shoal_sha256_kernel *kernel) {
    size_t blocks = 1 + next_random() % MOST_BLOCKS;
    message *messages = malloc(kernel->lanes * sizeof *messages);
    uint32_t(*states)[8] = malloc(kernel->lanes * sizeof *states);
    const uint8_t **data = malloc(kernel->lanes * sizeof *data);
    for (size_t lane = 0; lane < kernel->lanes; lane++) {
        messages[lane] = make_message(blocks);
        memcpy(states[lane], shoal_sha256_initial, sizeof states[lane]);
    }
    for (size_t done = 0; done < blocks;) {
        /* No blocks at all are a step, too. */
        size_t step = next_random() % (blocks - done + 1);
        for (size_t lane = 0; lane < kernel->lanes; lane++)
            data[lane] = messages[lane].start + done * SHOAL_SHA256_BLOCK_BYTES;
        kernel->compress(states, data, step);
        done += step;
    }
    int right = 1;
    for (size_t lane = 0; lane < kernel->lanes; lane++) {
        right = right && is_digest(states[lane], messages[lane].digest);
        free(messages[lane].buffer);
    }
    free(data);
    free(states);
    free(messages);
    return right;
}

int main(int argc, char **argv) {
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (size_t i = 0; i < shoal_sha256_kernel_count(); i++) {
        const shoal_sha256_kernel *kernel = shoal_sha256_kernel_at(i);
        random_state = seed * 0x9e3779b97f4a7c15u | 1;
        for (long round = 0; round < rounds; round++) {
            if (agrees(kernel)) continue;
            printf("  %s: wrong in round %ld with seed %llu\n", kernel->name, round, (unsigned long long)seed);
            return 1;
        }
        printf("  %s: %zu messages at a time, %ld rounds\n", kernel->name, kernel->lanes, rounds);
    }
    return 0;
}
