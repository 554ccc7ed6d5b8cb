/* SipHash-2-4 with 64 bits of output: a hash that nobody can compute or search without the key.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#ifndef TORGPULS_SIPHASH_H
#define TORGPULS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* 16 bytes of key as two little-endian words (section 2.1 of the paper). */
struct siphash_key {
    uint64_t k0;
    uint64_t k1;
};

uint64_t siphash(const struct siphash_key *key, const uint8_t *bytes, size_t size);

#endif
