/* SipHash-2-4 with 64 bits of output: a keyed hash that nobody without the key can compute or search.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#ifndef TORGPULS_SIPHASH_H
#define TORGPULS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY_SIZE = 16 };

/* The key as two little-endian words (section 2.1 of the paper). */
struct siphash_key {
    uint64_t k0;
    uint64_t k1;
};

/* A hash in progress. It holds what the key and the message left behind: wipe it after use. */
struct siphash {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
    uint8_t tail[8]; /* bytes that do not fill a word yet */
    size_t size;     /* bytes taken so far */
};

void siphash_open(struct siphash *hash, const struct siphash_key *key);
void siphash_add(struct siphash *hash, const uint8_t *bytes, size_t size);
/* Returns the hash and wipes the progress. */
uint64_t siphash_close(struct siphash *hash);

#endif
