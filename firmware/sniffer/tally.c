#include "tally.h"

#include "wipe.h"

/* An address in its set, and when it was first heard behind each gate, in tenths:
 *
 *    31         17 16       8  7    6   5  4 3  2 1  0      31          16 15      8 7       0
 *   +-------------+----------+---+-----+----+----+----+    +--------------+---------+---------+
 *   | rest of the | place of | 0 |young|none| -75| -70|    | behind the   | none:   | -75:    |
 *   | device hash | its model|   |     |    |    |    |    | last of them | earlier | earlier |
 *   +-------------+----------+---+-----+----+----+----+    +--------------+---------+---------+
 *
 * Per gate one enum state. Young: its times were given up less than 15 s after the last of them.
 * What is heard behind a gate is heard behind the weaker ones too, so the last of them is the strongest
 * heard so far. Earlier by 255 is earlier by 255 or more.
 */
enum { REST_SHIFT = 17, PLACE_SHIFT = 8, PLACE_MASK = 0x1FF, YOUNG = 1 << 6, STATE_MASK = 3 };
enum state { NEVER = 0, HEARD = 1, EVENT = 2, PERSISTENT = 3 };
enum { NO_PLACE = TALLY_MODELS_MAX }; /* of a model beyond the table */
enum { LAST_SHIFT = 16, EARLIER_BITS = 8, EARLIER_MAX = 255 };

enum { DEVICE_BITS = 20, MODEL_BITS = 12 };
enum { EVENT_PAUSE_TENTHS = 50, PERSISTENT_TENTHS = 150 };

/* Added to the sighting's time: 0 is left for "never", and "long ago" is not negative. */
enum { TIME_START = PERSISTENT_TENTHS + 2 };

/* When the tables were too small. Weights and limits were found on crowds like those of bench/crowd.py: from
 * here on x differs more often than not. For the addresses see find(); each model beyond its table is counted
 * as one phone and guessed to be heard once or not, and a few of them do not change x. */
enum { SILENT_WAYS = 4, SILENT_MISSED_Q20 = (1 << DEVICE_BITS) / SILENT_WAYS / 8 };
enum { YOUNG_MISSED_Q20 = (1 << DEVICE_BITS) / 16 };
enum { MISSED_LIMIT_Q20 = 3 << (DEVICE_BITS - 1), MODELS_BEYOND_LIMIT = 4 };

enum { NEAR = 0, FAR = 1, ALL = 2 };
static const int32_t gate_dbm[] = {-70, -75};

bool tally_open(struct tally *tally, struct tally_set *sets, size_t set_count, struct tally_model *models,
                size_t model_count) {
    if (set_count < TALLY_SETS_MIN || set_count > TALLY_SETS_MAX || (set_count & (set_count - 1)) != 0 ||
        model_count < 1 || model_count > TALLY_MODELS_MAX) {
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
    wipe(tally->beyond, sizeof tally->beyond);
    tally->models_used = 0;
    tally->forgotten = 0;
    tally->missed_q20 = 0;
}

static void count_up(uint16_t *counter) {
    if (*counter < UINT16_MAX) {
        (*counter)++;
    }
}

static enum state state_behind(uint32_t gate, uint32_t address) {
    return (enum state)(address >> (2 * gate) & STATE_MASK);
}

/* The model's place in the table, taken if it is new; NO_PLACE when there is none left. */
static uint32_t place_of(struct tally *tally, uint32_t model) {
    uint16_t *link = &tally->chain[model % TALLY_CHAINS];
    for (size_t i = 0; i < tally->model_count && *link != 0; i++) {
        struct tally_model *known = &tally->models[*link - 1];
        if (known->model == model) {
            return *link - 1u;
        }
        link = &known->next;
    }
    if (tally->models_used == tally->model_count) {
        return NO_PLACE;
    }
    struct tally_model *taken = &tally->models[tally->models_used];
    taken->model = (uint16_t)model;
    tally->models_used++;
    *link = (uint16_t)tally->models_used;
    return (uint32_t)tally->models_used - 1;
}

/* `addresses` more addresses (in 1/2^20) that were forgotten may have come back unrecognised. */
static void add_missed(struct tally *tally, uint32_t addresses_q20) {
    if (tally->missed_q20 < UINT32_MAX - addresses_q20) {
        tally->missed_q20 += addresses_q20;
    }
}

/* Which way of a full set a new address takes. At random, so that of the addresses that come back after
 * a long time always some are recognised, whatever their rhythm; no persistent one if there is another. */
static size_t way_to_take(const struct tally_set *set, uint32_t random) {
    const size_t untimed = TALLY_WAYS - TALLY_TIMED_WAYS;
    size_t way = TALLY_TIMED_WAYS + random % untimed;
    for (size_t i = 0; i < untimed; i++) {
        if (state_behind(ALL, set->address[way]) != PERSISTENT) {
            return way;
        }
        way = way + 1 < TALLY_WAYS ? way + 1 : TALLY_TIMED_WAYS;
    }
    return TALLY_WAYS - 1;
}

/* How much earlier than the last of its first frames an address was heard behind this gate. */
static uint32_t earlier_behind(uint32_t gate, uint32_t first) {
    return gate == NEAR ? 0 : first >> (EARLIER_BITS * (gate - 1)) & EARLIER_MAX;
}

/* The same first frames, when one behind a stronger gate follows now. */
static uint32_t first_and_now(uint32_t first, uint32_t address, uint32_t now) {
    uint32_t result = now << LAST_SHIFT;
    for (uint32_t gate = FAR; gate <= ALL; gate++) {
        if (state_behind(gate, address) != NEVER) {
            uint32_t earlier = earlier_behind(gate, first) + now - (first >> LAST_SHIFT);
            result |= (earlier < EARLIER_MAX ? earlier : EARLIER_MAX) << (EARLIER_BITS * (gate - 1));
        }
    }
    return result;
}

/* Move the way to the front, with its times; the ways before it go one back. Times unknown are long ago. */
static void bring_forward(struct tally_set *set, size_t way, uint32_t now) {
    uint32_t address = set->address[way];
    for (size_t i = 0; i <= way; i++) {
        uint32_t here = set->address[i];
        set->address[i] = address;
        address = here;
    }
    size_t last = way < TALLY_TIMED_WAYS ? way : TALLY_TIMED_WAYS - 1;
    uint32_t first = last == way ? set->first[way] : (now - PERSISTENT_TENTHS - 1) << LAST_SHIFT;
    for (size_t i = 0; i <= last; i++) {
        uint32_t here = set->first[i];
        set->first[i] = first;
        first = here;
    }
    if (last != way && now <= (first >> LAST_SHIFT) + PERSISTENT_TENTHS) {
        set->address[TALLY_TIMED_WAYS] |= YOUNG;
    }
}

/* Bring the address that has this rest to the front of its set: address[0] is the address, or 0 if new.
 *
 * Here the tally learns whether its table is too small. Some of the forgotten addresses come back and are
 * taken for new. Two things tell how many: a new address has the hash of a given forgotten one with a chance
 * of 1 in 2^20; and now and then one comes back that is among the longest silent of its set (most of these
 * come just in time, so they speak for fewer). An address whose times were given up young may be taken
 * for persistent too early. */
static void find(struct tally *tally, struct tally_set *set, uint32_t rest, bool near, uint32_t now) {
    size_t way = 0;
    while (way < TALLY_WAYS && set->address[way] != 0 && set->address[way] >> REST_SHIFT != rest) {
        way++;
    }
    if (way == TALLY_WAYS) {
        way = way_to_take(set, rest);
        tally->forgotten += state_behind(FAR, set->address[way]) != NEVER;
        set->address[way] = 0;
    }
    enum state state = state_behind(FAR, set->address[way]);
    if (set->address[way] == 0 && near) {
        add_missed(tally, tally->forgotten);
    } else if (state == HEARD || state == EVENT) {
        if (way >= TALLY_WAYS - SILENT_WAYS) {
            add_missed(tally, tally->forgotten * (SILENT_MISSED_Q20 >> tally->set_bits));
        }
        if ((set->address[way] & YOUNG) != 0) {
            add_missed(tally, YOUNG_MISSED_Q20);
        }
    }
    set->address[way] &= ~(uint32_t)YOUNG;
    bring_forward(set, way, now);
}

/* An address is heard behind this gate for the first time; `known` is NULL beyond the model table. */
static enum state begin(struct tally_model *known, struct tally_beyond *beyond, uint32_t model, uint32_t gate,
                        uint32_t now) {
    if (known == NULL) {
        beyond->heard[model / 8] |= (uint8_t)(1u << model % 8);
        count_up(&beyond->addresses);
        return HEARD;
    }
    uint32_t last_new = known->last_new[gate];
    known->last_new[gate] = (uint16_t)now;
    if (last_new != 0 && now <= last_new + EVENT_PAUSE_TENTHS) {
        return HEARD;
    }
    count_up(&known->events[gate]);
    return EVENT;
}

/* An address turns out to be persistent behind this gate; `began` is what its first frame was. */
static enum state stay(struct tally_model *known, enum state began, uint32_t gate) {
    if (known != NULL) {
        count_up(&known->persistent[gate]);
        known->events[gate] = (uint16_t)(known->events[gate] - (began == EVENT));
    }
    return PERSISTENT;
}

void tally_add(struct tally *tally, struct sighting sighting) {
    if ((sighting.how & SIGHTING_LOCAL) == 0) {
        return;
    }
    uint32_t device = sighting.who >> MODEL_BITS;
    uint32_t model = sighting.who & (TALLY_MODEL_HASHES - 1);
    int32_t rssi_dbm = (int32_t)(sighting.how >> 8 & 0xFF) - 128;
    uint32_t now = (sighting.how >> 16) + TIME_START;
    if (now > UINT16_MAX) {
        now = UINT16_MAX;
    }

    struct tally_set *set = &tally->sets[device & (tally->set_count - 1)];
    uint32_t rest = device >> tally->set_bits;
    find(tally, set, rest, rssi_dbm >= gate_dbm[FAR], now);
    if (now < set->first[0] >> LAST_SHIFT) {
        now = set->first[0] >> LAST_SHIFT; /* time does not go back */
    }
    uint32_t address = set->address[0];
    if (address == 0) {
        address = rest << REST_SHIFT | place_of(tally, model) << PLACE_SHIFT;
    }
    uint32_t place = address >> PLACE_SHIFT & PLACE_MASK;
    struct tally_model *known = place == NO_PLACE ? NULL : &tally->models[place];
    uint32_t strongest = rssi_dbm >= gate_dbm[NEAR] ? NEAR : rssi_dbm >= gate_dbm[FAR] ? FAR : ALL;
    if (state_behind(strongest, address) == NEVER) {
        set->first[0] = first_and_now(set->first[0], address, now);
    }
    uint32_t since_last = now - (set->first[0] >> LAST_SHIFT);
    for (uint32_t gate = strongest; gate < TALLY_GATES; gate++) {
        enum state before = state_behind(gate, address);
        enum state after = before;
        if (before == NEVER) {
            after = begin(known, &tally->beyond[gate], model, gate, now);
        } else if (before != PERSISTENT &&
                   since_last + earlier_behind(gate, set->first[0]) > PERSISTENT_TENTHS) {
            after = stay(known, before, gate);
        }
        address ^= (uint32_t)(before ^ after) << (2 * gate);
    }
    set->address[0] = address;
}

/* Half of log2(events / 4) in 1/256, to the nearest; events >= 4. One squaring gives one more binary digit
 * of the logarithm. */
static int32_t half_log2_q8(uint32_t events) {
    uint32_t whole = 2;
    while (events >> (whole + 1) != 0) {
        whole++;
    }
    uint32_t digits = whole - 2;
    uint64_t mantissa = (uint64_t)events << (31 - whole); /* 1 to 2, in 1/2^31 */
    for (int i = 0; i < 8; i++) {
        mantissa = mantissa * mantissa >> 31;
        digits = digits << 1 | (uint32_t)(mantissa >> 32);
        mantissa >>= mantissa >> 32;
    }
    return (int32_t)((digits + 1) >> 1);
}

void tally_close(struct tally *tally, struct tally_result *result) {
    uint32_t most_beyond = 0;
    for (size_t gate = 0; gate < TALLY_GATES; gate++) {
        int32_t s_q8 = 0;
        int32_t f = 0;
        for (size_t place = 0; place < tally->models_used; place++) {
            const struct tally_model *model = &tally->models[place];
            int32_t events = model->events[gate];
            int32_t persistent_q8 = model->persistent[gate] * 256;
            int32_t events_q8 = events == 0 ? 0 : events <= 4 ? 256 : 256 + half_log2_q8((uint32_t)events);
            s_q8 += persistent_q8 > events_q8 ? persistent_q8 : events_q8;
            f += events == 1 && persistent_q8 == 0;
        }
        const struct tally_beyond *beyond = &tally->beyond[gate];
        uint32_t models = 0;
        for (size_t i = 0; i < TALLY_MODEL_HASHES; i++) {
            models += (uint32_t)beyond->heard[i / 8] >> i % 8 & 1u;
        }
        if (models > 0) {
            /* one each; heard once as often as if their addresses were spread geometrically */
            s_q8 += (int32_t)models * 256;
            f += (int32_t)(models * models / beyond->addresses);
        }
        if (gate != ALL && models > most_beyond) {
            most_beyond = models;
        }
        result->s_q8[gate] = s_q8;
        result->f[gate] = f;
    }
    result->addresses_full = tally->missed_q20 >= MISSED_LIMIT_Q20;
    result->models_full = most_beyond >= MODELS_BEYOND_LIMIT;
    tally_wipe(tally);
}
