/* SipHash-2-4; names and numbers follow the paper (section 2). No byte of the message is copied to
 * memory: words are put together in registers, and the stack, where a compiler may save them, is
 * overwritten by sniffer.c. */
#include "siphash.h"

static inline uint64_t rotate(uint64_t word, unsigned bits) {
    return word << bits | word >> (64 - bits);
}

/* Byte by byte: the message may start at any address, and the chip may be of either endianness. */
static inline uint32_t half_word_at(const uint8_t *bytes, size_t size) {
    uint32_t half = 0;
    switch (size) {
    default:
        half |= (uint32_t)bytes[3] << 24; /* fall through */
    case 3:
        half |= (uint32_t)bytes[2] << 16; /* fall through */
    case 2:
        half |= (uint32_t)bytes[1] << 8; /* fall through */
    case 1:
        half |= (uint32_t)bytes[0]; /* fall through */
    case 0:
        return half;
    }
}

#define ROUND                                                                                                \
    do {                                                                                                     \
        v0 += v1;                                                                                            \
        v2 += v3;                                                                                            \
        v1 = rotate(v1, 13) ^ v0;                                                                            \
        v3 = rotate(v3, 16) ^ v2;                                                                            \
        v0 = rotate(v0, 32);                                                                                 \
        v2 += v1;                                                                                            \
        v0 += v3;                                                                                            \
        v1 = rotate(v1, 17) ^ v2;                                                                            \
        v3 = rotate(v3, 21) ^ v0;                                                                            \
        v2 = rotate(v2, 32);                                                                                 \
    } while (0)

uint64_t siphash(const struct siphash_key *key, const uint8_t *bytes, size_t size) {
    uint64_t v0 = key->k0 ^ UINT64_C(0x736f6d6570736575);
    uint64_t v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d);
    uint64_t v2 = key->k0 ^ UINT64_C(0x6c7967656e657261);
    uint64_t v3 = key->k1 ^ UINT64_C(0x7465646279746573);
    size_t left = size;
    for (;; left -= 8, bytes += 8) {
        /* The last word holds what is left, less than 8 bytes, and the message's size. */
        uint32_t low = half_word_at(bytes, left);
        uint32_t high = left >= 8   ? half_word_at(bytes + 4, 4)
                        : left >= 4 ? half_word_at(bytes + 4, left - 4) | (uint32_t)size << 24
                                    : (uint32_t)size << 24;
        uint64_t word = (uint64_t)high << 32 | low;
        v3 ^= word;
        ROUND;
        ROUND;
        v0 ^= word;
        if (left < 8)
            break;
    }
    v2 ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}
