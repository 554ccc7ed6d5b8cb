/* Overwrites memory that held an address, an element, a hash or a key. */
#ifndef TORGPULS_WIPE_H
#define TORGPULS_WIPE_H

#include <stddef.h>
#include <string.h>

/* The empty statement tells the compiler that somebody reads the memory afterwards, so that it may
 * not drop the memset although nobody in this program does (C11's memset_s is optional and rare). */
static inline void wipe(void *memory, size_t size) {
    memset(memory, 0, size);
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

#endif
