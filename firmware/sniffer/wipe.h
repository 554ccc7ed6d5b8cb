/* Overwrites memory that held an address, an element, a hash or a key.
 *
 * Volatile: the compiler may not drop a store because nobody reads it afterwards. Word by word, because
 * small C libraries set memory byte by byte, and this runs for every frame.
 */
#ifndef TORGPULS_WIPE_H
#define TORGPULS_WIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word that may lie over an object of any type. */
typedef uint32_t __attribute__((__may_alias__)) wipe_word;

static inline bool wipe_by_words(const void *memory) {
    return (uintptr_t)memory % sizeof(wipe_word) == 0;
}

static inline void wipe(void *memory, size_t size) {
    uint8_t *at = memory;
    if (wipe_by_words(at))
        for (; size >= sizeof(wipe_word); at += sizeof(wipe_word), size -= sizeof(wipe_word))
            *(volatile wipe_word *)at = 0;
    for (; size > 0; at++, size--)
        *(volatile uint8_t *)at = 0;
}

#endif
