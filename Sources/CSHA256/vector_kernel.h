/*
 * One kernel over vectors, included once for each width. Before the include define
 *   NAME(x)   the names of this instance
 *   LANES     4, 8 or 16: messages, and 32-bit elements of a vector
 *   TARGET    what the functions may assume of the processor (an attribute), or nothing
 *   TERNARY   defined where the processor has one instruction for a function of three operands (AVX-512)
 *
 * Written with the compiler's vector extensions, so that one text serves every width and is tested at each that a machine has.
 */

typedef uint32_t NAME(vector) __attribute__((vector_size(4 * LANES)));

#define VECTOR NAME(vector)
#define ROTATE(x, n) (((x) >> (n)) | ((x) << (32 - (n))))

#ifdef TERNARY
/* The truth tables: x ^ y ^ z; (x & y) ^ (~x & z); the majority. */
#define XOR3(x, y, z) ((VECTOR)_mm512_ternarylogic_epi32((__m512i)(x), (__m512i)(y), (__m512i)(z), 0x96))
#define CHOOSE(x, y, z) ((VECTOR)_mm512_ternarylogic_epi32((__m512i)(x), (__m512i)(y), (__m512i)(z), 0xca))
#define MAJORITY(x, y, z) ((VECTOR)_mm512_ternarylogic_epi32((__m512i)(x), (__m512i)(y), (__m512i)(z), 0xe8))
#else
#define XOR3(x, y, z) ((x) ^ (y) ^ (z))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#endif

#define BIG_SIGMA0(x) XOR3(ROTATE(x, 2), ROTATE(x, 13), ROTATE(x, 22))
#define BIG_SIGMA1(x) XOR3(ROTATE(x, 6), ROTATE(x, 11), ROTATE(x, 25))
#define SMALL_SIGMA0(x) XOR3(ROTATE(x, 7), ROTATE(x, 18), (x) >> 3)
#define SMALL_SIGMA1(x) XOR3(ROTATE(x, 17), ROTATE(x, 19), (x) >> 10)

#define ROUND(a, b, c, d, e, f, g, h, word, constant)                                              \
    do {                                                                                           \
        VECTOR sum = (h) + BIG_SIGMA1(e) + CHOOSE(e, f, g) + ((word) + (constant));                \
        (d) += sum;                                                                                \
        (h) = sum + BIG_SIGMA0(a) + MAJORITY(a, b, c);                                             \
    } while (0)

#define EIGHT_ROUNDS(at)                                                                           \
    do {                                                                                           \
        ROUND(a, b, c, d, e, f, g, h, w[(at) % 16 + 0], constants[0]);                             \
        ROUND(h, a, b, c, d, e, f, g, w[(at) % 16 + 1], constants[1]);                             \
        ROUND(g, h, a, b, c, d, e, f, w[(at) % 16 + 2], constants[2]);                             \
        ROUND(f, g, h, a, b, c, d, e, w[(at) % 16 + 3], constants[3]);                             \
        ROUND(e, f, g, h, a, b, c, d, w[(at) % 16 + 4], constants[4]);                             \
        ROUND(d, e, f, g, h, a, b, c, w[(at) % 16 + 5], constants[5]);                             \
        ROUND(c, d, e, f, g, h, a, b, w[(at) % 16 + 6], constants[6]);                             \
        ROUND(b, c, d, e, f, g, h, a, w[(at) % 16 + 7], constants[7]);                             \
        constants += 8;                                                                            \
    } while (0)

/* The schedule is kept as a ring of sixteen words. */
#define NEXT_WORD(i)                                                                               \
    (w[(i)] += SMALL_SIGMA0(w[((i) + 1) % 16]) + w[((i) + 9) % 16] + SMALL_SIGMA1(w[((i) + 14) % 16]))
#define NEXT_EIGHT_WORDS(i)                                                                        \
    (NEXT_WORD(i), NEXT_WORD((i) + 1), NEXT_WORD((i) + 2), NEXT_WORD((i) + 3), NEXT_WORD((i) + 4), \
     NEXT_WORD((i) + 5), NEXT_WORD((i) + 6), NEXT_WORD((i) + 7))

TARGET static inline VECTOR NAME(big_endian)(VECTOR x) {
    /* Compilers make a byte shuffle of this where there is one. */
    VECTOR swapped = ((x & 0x00ff00ffu) << 8) | ((x >> 8) & 0x00ff00ffu);
    return ROTATE(swapped, 16);
}

/* Where element j comes from when rows i and i + step swap the parts that belong to each other (Eklundh's transposition). */
#define UPPER(j, step) (((j) & (step)) ? LANES + (j) - (step) : (j))
#define LOWER(j, step) (((j) & (step)) ? LANES + (j) : (j) + (step))
#if LANES == 4
#define INDICES(row, step) row(0, step), row(1, step), row(2, step), row(3, step)
#elif LANES == 8
#define INDICES(row, step)                                                                         \
    row(0, step), row(1, step), row(2, step), row(3, step), row(4, step), row(5, step), row(6, step), row(7, step)
#else
#define INDICES(row, step)                                                                         \
    row(0, step), row(1, step), row(2, step), row(3, step), row(4, step), row(5, step), row(6, step), row(7, step), \
        row(8, step), row(9, step), row(10, step), row(11, step), row(12, step), row(13, step), row(14, step),      \
        row(15, step)
#endif
#define TRANSPOSITION_STEP(rows, step)                                                             \
    do {                                                                                           \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < LANES; i++) {                       \
            if (i & (step)) continue;                                                              \
            VECTOR upper = __builtin_shufflevector((rows)[i], (rows)[i + (step)], INDICES(UPPER, step)); \
            VECTOR lower = __builtin_shufflevector((rows)[i], (rows)[i + (step)], INDICES(LOWER, step)); \
            (rows)[i] = upper;                                                                     \
            (rows)[i + (step)] = lower;                                                            \
        }                                                                                          \
    } while (0)

/* Word i of all messages becomes vector i. */
TARGET static inline void NAME(load)(VECTOR w[16], const uint8_t *const *data, size_t offset) {
    for (int part = 0; part < 16; part += LANES) {
        VECTOR rows[LANES];
#pragma clang loop unroll(full)
        for (int lane = 0; lane < LANES; lane++)
            __builtin_memcpy(&rows[lane], data[lane] + offset + 4 * part, sizeof(VECTOR));
        TRANSPOSITION_STEP(rows, 1);
        TRANSPOSITION_STEP(rows, 2);
#if LANES > 4
        TRANSPOSITION_STEP(rows, 4);
#endif
#if LANES > 8
        TRANSPOSITION_STEP(rows, 8);
#endif
#pragma clang loop unroll(full)
        for (int i = 0; i < LANES; i++) w[part + i] = NAME(big_endian)(rows[i]);
    }
}

TARGET static void NAME(compress)(uint32_t (*states)[8], const uint8_t *const *data, size_t blocks) {
    VECTOR state[8];
    for (int word = 0; word < 8; word++)
        for (int lane = 0; lane < LANES; lane++) state[word][lane] = states[lane][word];

    for (size_t offset = 0; offset < blocks * SHOAL_SHA256_BLOCK_BYTES; offset += SHOAL_SHA256_BLOCK_BYTES) {
        VECTOR w[16];
        NAME(load)(w, data, offset);
        VECTOR a = state[0], b = state[1], c = state[2], d = state[3];
        VECTOR e = state[4], f = state[5], g = state[6], h = state[7];
        const uint32_t *constants = round_constants;
        EIGHT_ROUNDS(0);
        EIGHT_ROUNDS(8);
        for (int pass = 1; pass < 4; pass++) {
            NEXT_EIGHT_WORDS(0);
            EIGHT_ROUNDS(0);
            NEXT_EIGHT_WORDS(8);
            EIGHT_ROUNDS(8);
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }

    for (int word = 0; word < 8; word++)
        for (int lane = 0; lane < LANES; lane++) states[lane][word] = state[word][lane];
}

#undef VECTOR
#undef ROTATE
#undef XOR3
#undef CHOOSE
#undef MAJORITY
#undef BIG_SIGMA0
#undef BIG_SIGMA1
#undef SMALL_SIGMA0
#undef SMALL_SIGMA1
#undef ROUND
#undef EIGHT_ROUNDS
#undef NEXT_WORD
#undef NEXT_EIGHT_WORDS
#undef UPPER
#undef LOWER
#undef INDICES
#undef TRANSPOSITION_STEP
#undef NAME
#undef LANES
#undef TARGET
#undef TERNARY
