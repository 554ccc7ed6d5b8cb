/* The trace: what the simulated radio plays. Read as a capture, and written. Little endian.
 *
 *   header | "TPTRACE1" 8 | start, Unix us 8 | key seed 8 | zeros 8 |
 *   record | us since the record before 4 | size 2 | rssi dBm 1 | channel 1 | `size` bytes of frame |
 * A record of size 0 only moves time: by less than 32 bits of ones where frames were heard and left
 * out, by just that where a gap is longer (71 minutes).
 */
#include "keep.h"

#include <string.h>

enum { HEADER = 32, RECORD = 8 };
#define STEP_MAX_US INT64_C(0xffffffff)

int trace_read(const uint8_t *data, size_t size, const struct reading *how, struct frames *out,
               struct problem *problem) {
    if (size < HEADER)
        return fail(problem, PROBLEM_CUT, 0, 0);
    int64_t time_us = (int64_t)le64(data + 8);
    int64_t latest_us = 0;
    uint64_t number = 0;
    for (size_t at = HEADER; at < size;) {
        number++;
        if (size - at < RECORD)
            return fail(problem, PROBLEM_CUT, number, 0);
        if (clock_follow(time_us, number, &latest_us, problem) < 0)
            return -1;
        uint32_t delta_us = le32(data + at);
        time_us += delta_us;
        struct heard heard = {
            .time_us = time_us,
            .head = data + at + RECORD,
            .head_size = le16(data + at + 4),
            .rssi_dbm = (int8_t)data[at + 6],
            .channel = data[at + 7],
        };
        at += RECORD;
        if (heard.head_size > size - at)
            return fail(problem, PROBLEM_CUT, number, 0);
        at += heard.head_size;
        struct reading as = *how;
        if (heard.channel == 0)
            as.as_recorded = 1; /* it is heard on every channel */
        if (clock_follow(time_us, number, &latest_us, problem) < 0)
            return -1;
        if (heard.head_size == 0) {
            if (delta_us < STEP_MAX_US && time_mark(time_us, out, problem) < 0)
                return -1;
            continue;
        }
        if (frame_keep(&heard, &as, out, problem) < 0)
            return -1;
    }
    return 0;
}

/* How many records of size 0 stand before one that is `delta_us` away. */
static uint64_t moves(int64_t delta_us) {
    return delta_us > STEP_MAX_US ? (uint64_t)((delta_us - 1) / STEP_MAX_US) : 0;
}

uint64_t trace_size(const struct frame_row *rows, size_t count, int64_t start_us) {
    uint64_t size = HEADER;
    for (size_t i = 0; i < count; i++) {
        size += RECORD * (1 + moves(rows[i].time_us - start_us)) + rows[i].size;
        start_us = rows[i].time_us;
    }
    return size;
}

static void put32(uint8_t *p, uint64_t value) {
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void put_record(uint8_t *p, int64_t delta_us, uint16_t size, int8_t rssi_dbm, uint8_t channel) {
    put32(p, (uint64_t)delta_us);
    p[4] = (uint8_t)size;
    p[5] = (uint8_t)(size >> 8);
    p[6] = (uint8_t)rssi_dbm;
    p[7] = channel;
}

uint64_t trace_write(const struct frame_row *rows, size_t count, const uint8_t *bytes, int64_t start_us,
                     int64_t shift_us, uint64_t key_seed, uint8_t *out, uint64_t room) {
    if (room < trace_size(rows, count, start_us))
        return 0;
    uint64_t shifted = (uint64_t)(start_us + shift_us);
    memcpy(out, "TPTRACE1", 8);
    put32(out + 8, shifted);
    put32(out + 12, shifted >> 32);
    put32(out + 16, key_seed);
    put32(out + 20, key_seed >> 32);
    memset(out + 24, 0, 8);
    uint64_t at = HEADER;
    for (size_t i = 0; i < count; i++) {
        int64_t delta_us = rows[i].time_us - start_us;
        for (; delta_us > STEP_MAX_US; delta_us -= STEP_MAX_US, at += RECORD)
            put_record(out + at, STEP_MAX_US, 0, 0, 0);
        start_us = rows[i].time_us;
        put_record(out + at, delta_us, rows[i].size, rows[i].rssi_dbm, rows[i].channel);
        memcpy(out + at + RECORD, bytes + rows[i].offset, rows[i].size);
        at += RECORD + rows[i].size;
    }
    return at;
}
