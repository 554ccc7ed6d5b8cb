/* Counts instructions of the dearest sighting that the tally can meet, on an emulated RV32.
 *
 * Under QEMU's -icount shift=0 the machine timer (10 MHz) ticks once in 100 instructions. Before each
 * repetition the table is put back as it was; what that costs is measured alone and taken off.
 */
#include <stdint.h>
#include <stdio.h>

#include "tally.h"

enum { SETS = TALLY_SETS_MIN, MODELS = TALLY_MODELS_MAX, REPEATS = 1000, INSTRUCTIONS_PER_TICK = 100 };
enum { MINUTE_TENTHS = 600, NEAR_DBM = -50 };

static struct tally tally;
static struct tally before;
static struct tally_set sets[SETS];
static struct tally_set set_before;
static struct tally_model models[MODELS];

static uint32_t ticks(void) {
    return *(volatile uint32_t *)0x200BFF8; /* CLINT mtime, low word */
}

static void hear(uint32_t device, uint32_t model, uint32_t time_tenths) {
    struct sighting sighting = {device << 12 | model,
                                time_tenths << 16 | (NEAR_DBM + 128) << 8 | SIGHTING_LOCAL};
    tally_add(&tally, sighting);
}

/* Instructions for device heard once more; the state of the tally afterwards is that before. */
static uint32_t cost(uint32_t device, uint32_t model, uint32_t time_tenths) {
    uint32_t spent[2] = {0, 0};
    before = tally;
    set_before = sets[0];
    for (int heard = 0; heard < 2; heard++) {
        uint32_t start = ticks();
        for (int i = 0; i < REPEATS; i++) {
            tally = before;
            sets[0] = set_before;
            if (heard)
                hear(device, model, time_tenths);
        }
        spent[heard] = ticks() - start;
    }
    return (spent[1] - spent[0]) * INSTRUCTIONS_PER_TICK / REPEATS;
}

/* Address i of those that all fall into the first set. */
static uint32_t device_of(uint32_t i) {
    return i * SETS;
}

int main(void) {
    if (!tally_open(&tally, sets, SETS, models, MODELS))
        return 1;
    for (uint32_t model = 0; model < TALLY_MODEL_HASHES; model += TALLY_CHAINS)
        hear(device_of(model) + 1, model, 0); /* a chain as long as they get, from the second set */
    uint32_t last_model = TALLY_MODEL_HASHES - TALLY_CHAINS;

    for (uint32_t i = 0; i < TALLY_WAYS; i++)
        hear(device_of(i), 0, 0);
    printf("last-of-its-set %lu\n", (unsigned long)cost(device_of(0), 0, MINUTE_TENTHS));
    printf("new-in-full-set %lu\n", (unsigned long)cost(device_of(TALLY_WAYS), last_model, MINUTE_TENTHS));
    for (uint32_t i = 0; i < TALLY_WAYS; i++)
        hear(device_of(i), 0, MINUTE_TENTHS);
    printf("new-among-persistent %lu\n",
           (unsigned long)cost(device_of(TALLY_WAYS), last_model, 2 * MINUTE_TENTHS));
    return 0;
}
