#include "tally.h"

#include "wipe.h"

/* An address in its set:
 *
 *    31         17 16       8 7 6 5  4 3  2 1  0
 *   +-------------+----------+---+----+----+----+
 *   | rest of the | place of |   |none| -75| -70|   per gate one of enum state
 *   | device hash | its model|   |    |    |    |
 *   +-------------+----------+---+----+----+----+
 */
enum { REST_SHIFT = 17, MODEL_SHIFT = 8, MODEL_MASK = 0x1FF, STATE_MASK = 3 };
enum state { NEVER = 0, HEARD = 1, EVENT = 2, PERSISTENT = 3 };

enum { NO_MODEL = TALLY_MODELS_MAX }; /* the place of a model that found none */

enum { EVENT_PAUSE_TENTHS = 50, PERSISTENT_TENTHS = 150 };

/* Times are kept with this added, so that 0 is "never" and "long ago" is never negative. */
enum { TIME_START = PERSISTENT_TENTHS + 2 };

static const int gate_dbm[TALLY_GATES] = {-70, -75, -128};

bool tally_open(struct tally *tally, struct tally_set *sets, size_t set_count, struct tally_model *models,
                size_t model_count) {
    if (set_count < TALLY_SETS_MIN || set_count > 1u << 20 || (set_count & (set_count - 1)) != 0) {
        return false;
    }
    if (model_count < 1 || model_count > TALLY_MODELS_MAX) {
        return false;
    }
    tally->sets = sets;
    tally->models = models;
    tally->set_count = set_count;
    tally->model_count = model_count;
    tally->set_bits = 0;
    while ((1u << tally->set_bits) < set_count) {
        tally->set_bits++;
    }
    tally_wipe(tally);
    return true;
}

void tally_wipe(struct tally *tally) {
    wipe(tally->sets, tally->set_count * sizeof *tally->sets);
    wipe(tally->models, tally->model_count * sizeof *tally->models);
    wipe(tally->chain, sizeof tally->chain);
    tally->models_used = 0;
}

static void count_up(uint16_t *counter) {
    if (*counter < UINT16_MAX) {
        (*counter)++;
    }
}

static enum state state_of(uint32_t address, unsigned gate) {
    return (enum state)(address >> (2 * gate) & STATE_MASK);
}

/* The place of a model in the table, taken if it is new; NO_MODEL when the table is full. */
static uint32_t model_place(struct tally *tally, uint32_t model) {
    uint16_t *link = &tally->chain[model % TALLY_CHAINS];
    while (*link != 0) {
        struct tally_model *known = &tally->models[*link - 1];
        if (known->model == model) {
            return *link - 1u;
        }
        link = &known->next;
    }
    if (tally->models_used == tally->model_count) {
        return NO_MODEL;
    }
    tally->models[tally->models_used].model = (uint16_t)model;
    tally->models_used++;
    *link = (uint16_t)tally->models_used;
    return (uint32_t)tally->models_used - 1u;
}

/* Which place a new address takes: an empty one, else that of the address not heard for longest;
 * a persistent one goes only when all are. */
static size_t place_to_give(const struct tally_set *set) {
    for (size_t way = TALLY_WAYS; way-- > 0;) {
        if (state_of(set->address[way], TALLY_GATES - 1) != PERSISTENT) {
            while (way > 0 && set->address[way] == 0 && set->address[way - 1] == 0) {
                way--;
            }
            return way;
        }
    }
    return TALLY_WAYS - 1;
}

/* Bring the address to the front of its set, the others keep their order. address[0] is 0 if it is new. */
static void to_front(struct tally_set *set, uint32_t rest, uint32_t now) {
    uint32_t found = 0;
    size_t from = 0;
    while (from < TALLY_WAYS && (set->address[from] == 0 || set->address[from] >> REST_SHIFT != rest)) {
        from++;
    }
    if (from == TALLY_WAYS) {
        from = place_to_give(set);
    } else {
        found = set->address[from];
    }
    uint16_t first[TALLY_GATES];
    for (unsigned gate = 0; gate < TALLY_GATES; gate++) {
        first[gate] = from < TALLY_TIMED_WAYS ? set->first[from][gate]
                                              : (uint16_t)(now - PERSISTENT_TENTHS - 1);
    }
    for (size_t way = from; way > 0; way--) {
        set->address[way] = set->address[way - 1];
        if (way < TALLY_TIMED_WAYS) {
            for (unsigned gate = 0; gate < TALLY_GATES; gate++) {
                set->first[way][gate] = set->first[way - 1][gate];
            }
        }
    }
    set->address[0] = found;
    for (unsigned gate = 0; gate < TALLY_GATES; gate++) {
        set->first[0][gate] = first[gate];
    }
}

void tally_add(struct tally *tally, struct sighting sighting) {
    if ((sighting.how & SIGHTING_LOCAL) == 0) {
        return;
    }
    uint32_t device = sighting.who >> 12;
    uint32_t now = (sighting.how >> 16) + TIME_START;
    int rssi_dbm = (int)(sighting.how >> 8 & 0xFF) - 128;
    struct tally_set *set = &tally->sets[device & (tally->set_count - 1)];
    uint32_t rest = device >> tally->set_bits;

    if (now > UINT16_MAX) {
        now = UINT16_MAX;
    }
    to_front(set, rest, now);
    uint32_t address = set->address[0];
    if (address == 0) {
        address = rest << REST_SHIFT | model_place(tally, sighting.who & 0xFFF) << MODEL_SHIFT;
    }
    uint32_t place = address >> MODEL_SHIFT & MODEL_MASK;
    struct tally_model *model = place == NO_MODEL ? NULL : &tally->models[place];
    for (unsigned gate = 0; gate < TALLY_GATES; gate++) {
        if (rssi_dbm < gate_dbm[gate]) {
            continue;
        }
        enum state state = state_of(address, gate);
        if (state == NEVER) {
            state = HEARD;
            if (model != NULL) {
                if (model->last_new[gate] == 0 || now > model->last_new[gate] + (uint32_t)EVENT_PAUSE_TENTHS) {
                    count_up(&model->events[gate]);
                    state = EVENT;
                }
                model->last_new[gate] = (uint16_t)now;
            }
            set->first[0][gate] = (uint16_t)now;
        } else if (state != PERSISTENT && now > set->first[0][gate] + (uint32_t)PERSISTENT_TENTHS) {
            if (model != NULL) {
                if (state == EVENT) {
                    model->events[gate]--;
                }
                count_up(&model->persistent[gate]);
            }
            state = PERSISTENT;
        }
        address = (address & ~((uint32_t)STATE_MASK << (2 * gate))) | (uint32_t)state << (2 * gate);
    }
    set->address[0] = address;
}

/* Half of log2(n / 4) in 1/256, n >= 4, rounded down. */
static int32_t half_log2_q8(uint32_t n) {
    int32_t result = -256;
    uint32_t mantissa = n;
    while (mantissa >= 2) {
        mantissa >>= 1;
        result += 128;
    }
    uint32_t whole = (uint32_t)(result + 256) / 128;
    mantissa = n << (16 - whole); /* 1.16 fixed point */
    for (int32_t bit = 64; bit > 0; bit >>= 1) {
        mantissa = (uint32_t)(((uint64_t)mantissa * mantissa) >> 16);
        if (mantissa >= 2u << 16) {
            mantissa >>= 1;
            result += bit;
        }
    }
    return result;
}

void tally_close(struct tally *tally, struct tally_result *result) {
    for (unsigned gate = 0; gate < TALLY_GATES; gate++) {
        result->s_q8[gate] = 0;
        result->f[gate] = 0;
        for (size_t place = 0; place < tally->models_used; place++) {
            const struct tally_model *model = &tally->models[place];
            int32_t persistent_q8 = (int32_t)model->persistent[gate] * 256;
            int32_t events_q8 = 0;
            if (model->events[gate] > 0) {
                events_q8 = 256 + (model->events[gate] > 4 ? half_log2_q8(model->events[gate]) : 0);
            }
            result->s_q8[gate] += persistent_q8 > events_q8 ? persistent_q8 : events_q8;
            result->f[gate] += model->events[gate] == 1 && model->persistent[gate] == 0;
        }
    }
    result->addresses_full = false;
    result->models_full = tally->models_used == tally->model_count;
    tally_wipe(tally);
}
