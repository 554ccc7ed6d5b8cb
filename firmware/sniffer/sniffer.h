/* The sniffer: one window's life, from the first frame to a handful of integers.
 *
 * module.c (MicroPython) and the simulator (cffi) call these and nothing else. One caller
 * (the consumer); frames come from the port's task (the producer) through the ring.
 * Nothing here allocates; no address, element or hash is readable through this header.
 */
#ifndef TORGPULS_SNIFFER_H
#define TORGPULS_SNIFFER_H

#include <stddef.h>
#include <stdint.h>

/* What close_window() writes, in this order. S in 1/256 (unrounded), see tally.h. */
enum sniffer_count {
    COUNT_S70_Q8 = 0, /* S behind the -70 dBm gate */
    COUNT_F70,        /* models heard once behind -70 dBm */
    COUNT_S75_Q8,
    COUNT_F75,
    COUNT_SALL_Q8, /* no gate */
    COUNT_FALL,
    COUNT_FLAGS,      /* SNIFFER_ADDRESSES_FULL | SNIFFER_MODELS_FULL */
    COUNT_KEPT,       /* sightings tallied in this window */
    COUNT_DROPPED,    /* sightings lost because the ring was full, in this window */
    COUNT_HOP_ERRORS, /* channel changes that the radio refused, in this window */
    COUNTS_SIZE
};

#define SNIFFER_ADDRESSES_FULL 1
#define SNIFFER_MODELS_FULL 2

/* Listen for `ms` on `channel` (1..13). Draws the window's key first if there is none.
 * Returns the number of sightings tallied, or a negative sniffer_error. */
int32_t sniffer_listen(int channel, int32_t ms);

/* Stop, drain, write COUNTS_SIZE integers, wipe the tables, overwrite the key. */
int32_t sniffer_close_window(int32_t *counts, size_t size);

/* Stop the radio but keep the window: its key, its tables. The next sniffer_listen goes on with it.
 * For an upload, which needs the radio. Safe at any time, twice too. */
void sniffer_pause(void);

/* Stop the radio; wipe ring, tables and key without counting. Safe at any time, twice too. */
void sniffer_stop(void);

/* Frames since power-on by outcome, indexed by enum frame_outcome; returns how many exist. */
size_t sniffer_counters(uint32_t *counters, size_t size);

/* Why the chip started: the numbers of esp_reset_reason_t (ESP-IDF); 0 on a host. */
int sniffer_reset_reason(void);

/* C's own static memory in bytes (tables, ring, buffers), for the memory table. */
size_t sniffer_static_bytes(void);

/* Host port only: read a trace (layout in port_host.c) from a descriptor. 0, or negative. */
int sniffer_open_trace(int descriptor);
/* Host port only: move trace time; frames between are not heard. Milliseconds since 1970. */
void sniffer_seek(int64_t unix_ms);

enum sniffer_error {
    SNIFFER_BAD_CHANNEL = -1,
    SNIFFER_RADIO = -2,     /* the driver refused */
    SNIFFER_BAD_TRACE = -3, /* host: not a trace, or cut in the middle of a record */
    SNIFFER_BAD_SIZE = -4
};

#endif
