/* Two messages through the SHA extensions of x86-64. */
#include "x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "constants.h"

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

/* The state as the instructions want it: words A B E F in one register, C D G H in the other, first word highest. */
typedef struct {
    __m128i abef;
    __m128i cdgh;
} registers;

TARGET static inline registers gather(const uint32_t state[8]) {
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1b);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    return (registers){_mm_unpackhi_epi64(efgh, abcd), _mm_unpacklo_epi64(efgh, abcd)};
}

TARGET static inline void scatter(uint32_t state[8], registers r) {
    __m128i abcd = _mm_unpackhi_epi64(r.cdgh, r.abef);
    __m128i efgh = _mm_unpacklo_epi64(r.cdgh, r.abef);
    _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1b));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_shuffle_epi32(efgh, 0x1b));
}

TARGET static inline __m128i words(const uint8_t *data, int quarter) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data + quarter), big_endian);
}

TARGET static inline void four_rounds(registers *r, __m128i w, int round) {
    __m128i sum = _mm_add_epi32(w, _mm_load_si128((const __m128i *)(round_constants + round)));
    r->cdgh = _mm_sha256rnds2_epu32(r->cdgh, r->abef, sum);
    r->abef = _mm_sha256rnds2_epu32(r->abef, r->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

/* The next four words of the schedule, from the sixteen before them. */
TARGET static inline __m128i next_words(const __m128i w[4], int i) {
    __m128i older = w[i % 4], old = w[(i + 1) % 4], late = w[(i + 2) % 4], last = w[(i + 3) % 4];
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(older, old), _mm_alignr_epi8(last, late, 4));
    return _mm_sha256msg2_epu32(sum, last);
}

TARGET static void compress(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks) {
    registers first = gather(states[0]), second = gather(states[1]);
    for (size_t offset = 0; offset < blocks * SHOAL_SHA256_BLOCK_BYTES; offset += SHOAL_SHA256_BLOCK_BYTES) {
        const registers first_before = first, second_before = second;
        __m128i v[4], w[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            v[i % 4] = i < 4 ? words(data[0] + offset, i) : next_words(v, i);
            w[i % 4] = i < 4 ? words(data[1] + offset, i) : next_words(w, i);
            four_rounds(&first, v[i % 4], 4 * i);
            four_rounds(&second, w[i % 4], 4 * i);
        }
        first.abef = _mm_add_epi32(first.abef, first_before.abef);
        first.cdgh = _mm_add_epi32(first.cdgh, first_before.cdgh);
        second.abef = _mm_add_epi32(second.abef, second_before.abef);
        second.cdgh = _mm_add_epi32(second.cdgh, second_before.cdgh);
    }
    scatter(states[0], first);
    scatter(states[1], second);
}

const shoal_sha256_kernel shoal_sha256_shani = {"sha-ni", 2, compress};

#endif
