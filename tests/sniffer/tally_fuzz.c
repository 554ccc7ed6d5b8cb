/* Any sightings at all, in tables of several sizes: to be run under sanitizers.
 *
 * tally_fuzz SIGHTINGS: that many per table size. Half of the words are random, so that times go back and
 * fields hold what they never should; half are a crowd's, so that the tables fill. Ends with 1 when a count
 * comes out that no sightings can have, memory is not wiped, or an estimate starts again from 0.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tally.h"

enum { WINDOW = 20000, SETS_MOST = 256 };

static struct tally_set sets[SETS_MOST];
static struct tally_model models[TALLY_MODELS_MAX];

static uint64_t state = 0x9E3779B97F4A7C15u;

static uint32_t draw(void) {
    state ^= state << 13; /* xorshift64, Marsaglia 2003 */
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static struct sighting sighting(uint32_t i) {
    struct sighting any = {draw(), draw()};
    if (i / WINDOW % 2 == 0) {
        return any;
    }
    any.who = any.who % 3000 * 349 << 12 | any.who % 97;
    any.how = i % WINDOW / 8 << 16 | (any.how & 0xFFFF) | SIGHTING_LOCAL;
    return any;
}

static int wrong(const struct tally_result *result) {
    for (int gate = 0; gate < TALLY_GATES; gate++) {
        if (result->s_q8[gate] < 0 || result->f[gate] < 0 || result->f[gate] > TALLY_MODEL_HASHES ||
            (gate > 0 && (result->s_q8[gate] > 0) < (result->s_q8[gate - 1] > 0))) {
            return 1;
        }
    }
    return 0;
}

static int left(size_t set_count, size_t model_count) {
    for (size_t i = 0; i < set_count * sizeof *sets; i++) {
        if (((const unsigned char *)sets)[i] != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < model_count * sizeof *models; i++) {
        if (((const unsigned char *)models)[i] != 0) {
            return 1;
        }
    }
    return 0;
}

/* So many addresses that what was missed does not fit its 32 bits. */
static int starts_again(void) {
    struct tally tally;
    struct tally_result result;
    uint32_t before = 0;
    tally_open(&tally, sets, TALLY_SETS_MIN, models, TALLY_MODELS_MAX);
    for (uint32_t device = 0; device < 120000; device++) {
        struct sighting near = {device << 12, 0xFF << 8 | SIGHTING_LOCAL};
        tally_add(&tally, near);
        if (tally.missed_q20 < before) {
            return 1;
        }
        before = tally.missed_q20;
    }
    tally_close(&tally, &result);
    return before < UINT32_MAX / 2 || !result.addresses_full;
}

int main(int argc, char **argv) {
    static const size_t sizes[][2] = {{TALLY_SETS_MIN, 1}, {64, 64}, {SETS_MOST, TALLY_MODELS_MAX}};
    if (starts_again()) {
        printf("the estimate of what was missed starts again\n");
        return 1;
    }
    uint32_t number = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : WINDOW;
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
        struct tally tally;
        struct tally_result result;
        if (!tally_open(&tally, sets, sizes[size][0], models, sizes[size][1])) {
            return 1;
        }
        for (uint32_t i = 0; i < number; i++) {
            tally_add(&tally, sighting(i));
            if (i % WINDOW == WINDOW - 1 || i == number - 1) {
                tally_close(&tally, &result);
                if (wrong(&result) || left(sizes[size][0], sizes[size][1])) {
                    printf("wrong after sighting %u, %zu sets\n", (unsigned)i, sizes[size][0]);
                    return 1;
                }
            }
        }
    }
    return 0;
}
