/* Sightings on their way from the driver's task to the listener: one producer, one consumer.
 *
 *      taken             put
 *        v                v
 *   | 0 | s | s | s | s | 0 | 0 | 0 |      both count up for ever; slot = count % size
 *
 * Each side writes its own count and reads the other's, with loads and stores only (a chip without
 * atomic read-modify-write instructions, such as the ESP32-C3, needs no lock). Right on two cores: a
 * slot is filled before `put` is released, and emptied before `taken` is.
 */
#ifndef TORGPULS_RING_H
#define TORGPULS_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally.h"

struct ring {
    struct sighting *slots; /* the caller's memory */
    uint32_t size;          /* a power of two */
    _Atomic uint32_t put;
    _Atomic uint32_t taken;
    _Atomic uint32_t dropped; /* since ring_open; wraps */
};

/* Before either side runs. */
void ring_open(struct ring *ring, struct sighting *slots, uint32_t size);
/* Producer. False, and one more in `dropped`, when the ring is full. */
bool ring_put(struct ring *ring, struct sighting sighting);
/* Consumer. False when the ring is empty; the slot is wiped. */
bool ring_take(struct ring *ring, struct sighting *out);
/* Either side. */
uint32_t ring_dropped(const struct ring *ring);

#endif
