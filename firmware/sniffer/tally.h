/* One window's sightings in, a handful of integers out, in the caller's fixed memory.
 *
 * Definitions (DESIGN.md, "On the node"); local addresses only, per gate g, a frame counts
 * behind g when its RSSI is at least g:
 *   scan event   a model's frame from an address that is new behind g, more than 5 s after the
 *                model's last frame from an address that was new behind g (event or not)
 *   persistent   an address heard again more than 15 s after its first frame behind g; if its
 *                first frame was a scan event, that event is taken back
 *   S_g          sum over models of max(persistent, 1 + 1/2 log2(max(events / 4, 1)));
 *                the second term is 0 without events; in 1/256, not rounded to people
 *   F_g          models with exactly one event and nothing persistent
 * The first model heard with a device stands. Time is in tenths of a second since the window
 * began, as the sighting carries it.
 */
#ifndef TORGPULS_TALLY_H
#define TORGPULS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two words: device 20 | model 12, tenths 16 | rssi 8 (dBm + 128) | channel 4 | flags 4. */
struct sighting {
    uint32_t who;
    uint32_t how;
};
#define SIGHTING_LOCAL 1u /* flag: a locally administered address */

enum { TALLY_GATES = 3 }; /* -70 dBm, -75 dBm, none */

struct tally_result {
    int32_t s_q8[TALLY_GATES];
    int32_t f[TALLY_GATES];
    bool addresses_full; /* the figure may be off because the address table was too small */
    bool models_full;
};
#endif
