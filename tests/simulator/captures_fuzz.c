/* Mutates a capture and reads it, again and again, under the sanitizers.
 *
 * captures_fuzz KIND ROUNDS FILE: KIND is pcap, pcapng, trace or table (roles as in COLUMNS below,
 * without the header line). Each round reads twice, counting and keeping, in blocks of exactly the
 * needed size; the two must agree, and every kept row must lie inside the bytes.
 */
#include "captures.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t COLUMNS[] = {COLUMN_TS_US, COLUMN_MAC, COLUMN_RSSI,    COLUMN_FREQ, COLUMN_SEQ,
                                  COLUMN_FRAG,  COLUMN_FC1, COLUMN_IGNORED, COLUMN_IE,   COLUMN_FIXED};
static const uint8_t BODIES[] = {0, 0, 1, 1, 2};
static const uint64_t OFFSETS[] = {0, 0, 2};
static const uint16_t SIZES[] = {2, 0xffff, 3};

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t draw(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static int read_once(const char *kind, const uint8_t *data, size_t size, const struct reading *how,
                     struct frames *out) {
    struct problem problem;
    const struct dictionary dictionary = {BODIES, OFFSETS, SIZES, 3};
    if (strcmp(kind, "pcap") == 0)
        return pcap_read(data, size, how, out, &problem);
    if (strcmp(kind, "pcapng") == 0)
        return pcapng_read(data, size, how, out, &problem);
    if (strcmp(kind, "trace") == 0)
        return trace_read(data, size, how, out, &problem);
    return table_read(data, size, COLUMNS, sizeof COLUMNS, &dictionary, how, out, &problem);
}

static size_t mutate(uint8_t *data, size_t size) {
    for (uint64_t changes = draw(4); changes > 0 && size > 0; changes--) {
        size_t at = draw(size);
        switch (draw(4)) {
        case 0:
            data[at] ^= (uint8_t)(1u << draw(8));
            break;
        case 1:
            data[at] = (uint8_t)draw(256);
            break;
        case 2:
            memset(data + at, (int)(draw(2) * 255), draw(size - at < 8 ? size - at : 8));
            break;
        default:
            size = at + draw(size - at + 1);
        }
    }
    return size;
}

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void round_of(const char *kind, const uint8_t *seed, size_t seed_size) {
    uint8_t *scratch = malloc(seed_size + 1);
    memcpy(scratch, seed, seed_size);
    size_t size = mutate(scratch, seed_size);
    uint8_t *data = malloc(size + (size == 0));
    memcpy(data, scratch, size);
    free(scratch);
    const struct reading how = {(int32_t)draw(2), (int32_t)draw(3) - 1, (int32_t)draw(2)};
    struct frames counted = {0};
    int first = read_once(kind, data, size, &how, &counted);
    if (first == 0) {
        struct frames kept = {.room = counted.used, .rows_room = counted.count};
        kept.bytes = malloc(kept.room + (kept.room == 0));
        kept.rows = malloc((kept.rows_room + (kept.rows_room == 0)) * sizeof *kept.rows);
        must(read_once(kind, data, size, &how, &kept) == 0, "the second run failed");
        must(kept.used == counted.used && kept.count == counted.count, "the runs disagree");
        rows_sort(kept.rows, kept.count);
        int64_t spans[4];
        rows_spans(kept.rows, kept.count, 1000000, spans, 2);
        if (kept.count > 0 && kept.rows[kept.count - 1].time_us - kept.rows[0].time_us < 1000000000000) {
            uint64_t room = trace_size(kept.rows, kept.count, kept.rows[0].time_us);
            uint8_t *trace = malloc(room);
            must(trace_write(kept.rows, kept.count, kept.bytes, kept.rows[0].time_us, 0, 1, trace, room) ==
                     room,
                 "the trace is of another size");
            free(trace);
        }
        free(kept.bytes);
        free(kept.rows);
    }
    free(data);
}

int main(int count, char **arguments) {
    must(count == 4, "captures_fuzz KIND ROUNDS FILE");
    static uint8_t seed[65536];
    FILE *file = fopen(arguments[3], "rb");
    must(file != NULL, "no such seed");
    size_t size = fread(seed, 1, sizeof seed, file);
    fclose(file);
    for (long left = atol(arguments[2]); left > 0; left--)
        round_of(arguments[1], seed, size);
    return 0;
}
