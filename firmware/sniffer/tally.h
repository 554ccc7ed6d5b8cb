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

/* "Full" says that x, the figure from both gates (method 1), probably differs from that of tables without
 * limits; it stays silent when a table was full and nothing was lost that matters. */
struct tally_result {
    int32_t s_q8[TALLY_GATES];
    int32_t f[TALLY_GATES];
    bool addresses_full;
    bool models_full;
};

/* Part of the address table: the addresses whose hash ends alike, the last heard first. Of the first few
 * it is known when they were first heard behind each gate; of the others, that this is long ago. Both words
 * are drawn in tally.c. */
enum { TALLY_WAYS = 16, TALLY_TIMED_WAYS = 6 };
struct tally_set {
    uint32_t address[TALLY_WAYS]; /* 0 is an empty way */
    uint32_t first[TALLY_TIMED_WAYS];
};

struct tally_model {
    uint16_t model;
    uint16_t next; /* the next model in its chain: place + 1, 0 ends the chain */
    uint16_t last_new[TALLY_GATES];
    uint16_t events[TALLY_GATES];
    uint16_t persistent[TALLY_GATES];
};

enum {
    TALLY_SETS_MIN = 32,    /* with fewer, the rest of the device hash does not fit an address */
    TALLY_SETS_MAX = 65536, /* 2^20 addresses: more there are not */
    TALLY_MODELS_MAX = 511, /* an address names its model in 9 bits */
    TALLY_CHAINS = 256,     /* at most 16 models share one */
    TALLY_MODEL_HASHES = 4096
};

/* Models that found no place in their table: of these it is known only that they were heard. */
struct tally_beyond {
    uint8_t heard[TALLY_MODEL_HASHES / 8]; /* one bit per model */
    uint16_t addresses;
};

struct tally {
    struct tally_set *sets;
    struct tally_model *models;
    size_t set_count;
    size_t model_count;
    size_t models_used;
    uint32_t set_bits;
    uint32_t forgotten;  /* addresses heard behind -75 dBm that a full set gave up */
    uint32_t missed_q20; /* how many of them came back unrecognised: an estimate, in 1/2^20 */
    uint16_t chain[TALLY_CHAINS];
    struct tally_beyond beyond[TALLY_GATES];
};

/* How many sets hold a table of so many addresses. */
#define TALLY_SETS(addresses) ((addresses) / TALLY_WAYS)

/* Take the caller's memory and empty it. set_count is a power of two, TALLY_SETS_MIN..TALLY_SETS_MAX;
 * model_count is 1..TALLY_MODELS_MAX. Returns false, and takes nothing, when one is not. */
bool tally_open(struct tally *tally, struct tally_set *sets, size_t set_count, struct tally_model *models,
                size_t model_count);

/* Count one sighting. */
void tally_add(struct tally *tally, struct sighting sighting);

/* Write the window's integers and wipe everything: the next window may begin. */
void tally_close(struct tally *tally, struct tally_result *result);

/* Forget the window without counting it: the next one may begin. */
void tally_wipe(struct tally *tally);
#endif
