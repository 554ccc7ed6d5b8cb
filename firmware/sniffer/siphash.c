/* SipHash-2-4; names and numbers follow the paper (section 2). */
#include "siphash.h"

#include "wipe.h"

static inline uint64_t rotate(uint64_t word, unsigned bits) {
    return word << bits | word >> (64 - bits);
}

/* Byte by byte: the message may start anywhere, and the chip may be of either endianness. */
static inline uint64_t word_at(const uint8_t *bytes) {
    uint32_t low =
        (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    uint32_t high =
        (uint32_t)bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 | (uint32_t)bytes[7] << 24;
    return (uint64_t)high << 32 | low;
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

void siphash_open(struct siphash *hash, const struct siphash_key *key) {
    hash->v0 = key->k0 ^ UINT64_C(0x736f6d6570736575);
    hash->v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d);
    hash->v2 = key->k0 ^ UINT64_C(0x6c7967656e657261);
    hash->v3 = key->k1 ^ UINT64_C(0x7465646279746573);
    hash->size = 0;
}

void siphash_add(struct siphash *hash, const uint8_t *bytes, size_t size) {
    uint64_t v0 = hash->v0, v1 = hash->v1, v2 = hash->v2, v3 = hash->v3;
    size_t waiting = hash->size % 8;
    const uint8_t *end = bytes + size;
    hash->size += size;
    while (bytes < end) {
        uint64_t word;
        if (waiting == 0 && end - bytes >= 8) {
            word = word_at(bytes);
            bytes += 8;
        } else {
            hash->tail[waiting++] = *bytes++;
            if (waiting < 8)
                continue;
            word = word_at(hash->tail);
            waiting = 0;
        }
        v3 ^= word;
        ROUND;
        ROUND;
        v0 ^= word;
    }
    hash->v0 = v0, hash->v1 = v1, hash->v2 = v2, hash->v3 = v3;
}

uint64_t siphash_close(struct siphash *hash) {
    uint64_t v0 = hash->v0, v1 = hash->v1, v2 = hash->v2, v3 = hash->v3;
    for (size_t waiting = hash->size % 8; waiting < 7; waiting++)
        hash->tail[waiting] = 0;
    hash->tail[7] = (uint8_t)hash->size;
    uint64_t word = word_at(hash->tail);
    v3 ^= word;
    ROUND;
    ROUND;
    v0 ^= word;
    v2 ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    ROUND;
    wipe(hash, sizeof *hash);
    return v0 ^ v1 ^ v2 ^ v3;
}
