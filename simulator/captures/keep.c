/* Which frames go into the trace, and under which channel and time. */
#include "keep.h"

#include <stdlib.h>
#include <string.h>

#define MARK_EVERY_US 1000000
#define BACK_LIMIT_US (INT64_C(3600) * 1000000)

int channel_of_mhz(int64_t mhz) {
    if (mhz < 2412 || mhz > 2472 || (mhz - 2407) % 5 != 0)
        return 0;
    return (int)((mhz - 2407) / 5);
}

int clock_follow(int64_t time_us, uint64_t where, int64_t *latest_us, struct problem *problem) {
    if (time_us < 0 || time_us >= TIME_LIMIT_US)
        return fail(problem, PROBLEM_TIME_RANGE, where, 0);
    if (*latest_us - time_us > BACK_LIMIT_US)
        return fail(problem, PROBLEM_BACK_IN_TIME, where, (*latest_us - time_us) / 1000000);
    if (time_us > *latest_us)
        *latest_us = time_us;
    return 0;
}

/* The channel that goes into the trace, or -1 when the hopping radio cannot hear it. */
static int trace_channel(int channel, const struct reading *how) {
    if (how->as_recorded)
        return 0;
    if (channel == 0)
        return -1;
    channel += how->channel_offset;
    return channel >= 1 && channel <= 13 ? channel : -1;
}

/* Add a row; its frame's bytes, if any, were copied. */
static int row_add(struct frame_row row, struct frames *out, struct problem *problem) {
    if (out->bytes != NULL) {
        if (out->count >= out->rows_room)
            return fail(problem, PROBLEM_ROOM, out->count + 1, 0);
        out->rows[out->count] = row;
    }
    out->count++;
    out->latest_us = row.time_us;
    return 0;
}

int time_mark(int64_t time_us, struct frames *out, struct problem *problem) {
    if (out->count > 0 && time_us >= out->latest_us && time_us - out->latest_us < MARK_EVERY_US)
        return 0;
    return row_add((struct frame_row){.time_us = time_us, .offset = out->used}, out, problem);
}

int frame_leave(int64_t time_us, enum left_out reason, struct frames *out, struct problem *problem) {
    out->left_out[reason]++;
    return time_mark(time_us, out, problem);
}

int frame_keep(const struct heard *heard, const struct reading *how, struct frames *out,
               struct problem *problem) {
    size_t size = heard->head_size + heard->body_size;
    if (heard->head_size == 0 || size > CAPTURE_FRAME_MAX)
        return frame_leave(heard->time_us, LEFT_DAMAGED, out, problem);
    /* IEEE 802.11-2020, 9.2.4.1.3: bits 2 and 3 are the type, 0 = management. */
    if ((heard->head[0] & 0x0c) != 0)
        return frame_leave(heard->time_us, LEFT_NOT_MANAGEMENT, out, problem);
    int channel = trace_channel(heard->channel, how);
    if (channel < 0)
        return frame_leave(heard->time_us, LEFT_OTHER_BAND, out, problem);
    if (out->bytes != NULL) {
        if (size > out->room - out->used)
            return fail(problem, PROBLEM_ROOM, out->count + 1, 0);
        memcpy(out->bytes + out->used, heard->head, heard->head_size);
        if (heard->body_size > 0)
            memcpy(out->bytes + out->used + heard->head_size, heard->body, heard->body_size);
    }
    struct frame_row row = {
        .time_us = heard->time_us,
        .offset = out->used,
        .size = (uint16_t)size,
        .rssi_dbm = (int8_t)heard->rssi_dbm,
        .channel = (uint8_t)channel,
    };
    out->used += size;
    out->kept++;
    return row_add(row, out, problem);
}

static int by_time(const void *left, const void *right) {
    const struct frame_row *a = left, *b = right;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void rows_sort(struct frame_row *rows, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (rows[i].time_us < rows[i - 1].time_us) {
            qsort(rows, count, sizeof *rows, by_time);
            return;
        }
    }
}

size_t rows_spans(const struct frame_row *rows, size_t count, int64_t silence_us, int64_t *spans,
                  size_t room) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        bool starts = i == 0 || rows[i].time_us - rows[i - 1].time_us > silence_us;
        if (starts)
            found++;
        if (found > room)
            continue;
        if (starts)
            spans[2 * (found - 1)] = rows[i].time_us;
        spans[2 * (found - 1) + 1] = rows[i].time_us;
    }
    return found;
}
