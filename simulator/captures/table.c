/* The CSV layout of published captures: one line per frame, its elements by key.
 *
 * The frame is rebuilt as it was on the air (IEEE 802.11-2020, 9.3.3.2): destination and BSSID
 * were broadcast in nearly all of them and were not published.
 *   | 40 | fc1 | duration 00 00 | ff × 6 | mac 6 | ff × 6 | seq << 4 | frag | elements … |
 */
#include "keep.h"

#include <string.h>

enum { HEADER = 24 };

struct line {
    int64_t values[COLUMN_ROLES];
    uint8_t mac[6];
    bool has_elements;
};

/* A whole decimal number with nothing around it; false when it is not one or beyond 18 digits. */
static bool number_read(const uint8_t *text, size_t size, int64_t *out) {
    bool minus = size > 0 && text[0] == '-';
    size_t at = minus ? 1 : 0;
    if (at == size || size - at > 18)
        return false;
    int64_t value = 0;
    for (; at < size; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        value = value * 10 + (text[at] - '0');
    }
    *out = minus ? -value : value;
    return true;
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool mac_read(const uint8_t *text, size_t size, uint8_t mac[6]) {
    if (size != 12)
        return false;
    for (size_t i = 0; i < 6; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        mac[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* What a field of each role may hold; the README of the layout gives the widths. */
static const struct {
    int64_t least, most;
} LIMITS[COLUMN_ROLES] = {
    [COLUMN_TS_US] = {0, TIME_LIMIT_US - 1},
    [COLUMN_RSSI] = {-128, 127},
    [COLUMN_FREQ] = {0, 100000},
    [COLUMN_SEQ] = {0, 4095},
    [COLUMN_FRAG] = {0, 15},
    [COLUMN_FC1] = {0, 255},
    [COLUMN_IE] = {0, INT64_C(1) << 40},
    [COLUMN_FIXED] = {0, 1},
};

static bool field_read(const uint8_t *text, size_t size, uint8_t role, struct line *out) {
    if (role == COLUMN_IGNORED)
        return true;
    if (role == COLUMN_MAC)
        return mac_read(text, size, out->mac);
    if (role == COLUMN_IE)
        out->has_elements = size > 0;
    if (size == 0 && (role == COLUMN_IE || role == COLUMN_FIXED))
        return true;
    int64_t value;
    if (!number_read(text, size, &value))
        return false;
    if (value < LIMITS[role].least || value > LIMITS[role].most)
        return false;
    out->values[role] = value;
    return true;
}

static int line_keep(const struct line *line, uint64_t where, const struct dictionary *dictionary,
                     const struct reading *how, struct frames *out, struct problem *problem) {
    if (line->values[COLUMN_FIXED] == 1 && !how->keep_fixed)
        return frame_leave(line->values[COLUMN_TS_US], LEFT_FIXED, out, problem);
    if (!line->has_elements)
        return frame_leave(line->values[COLUMN_TS_US], LEFT_NO_ELEMENTS, out, problem);
    uint64_t key = (uint64_t)line->values[COLUMN_IE];
    if (key >= dictionary->keys || dictionary->size[key] == 0xffff)
        return fail(problem, PROBLEM_ELEMENTS, where, (int64_t)key);
    unsigned sequence = (unsigned)(line->values[COLUMN_SEQ] << 4 | line->values[COLUMN_FRAG]);
    uint8_t header[HEADER];
    memset(header, 0xff, sizeof header);
    header[0] = 0x40;
    header[1] = (uint8_t)line->values[COLUMN_FC1];
    header[2] = header[3] = 0;
    memcpy(header + 10, line->mac, 6);
    header[22] = (uint8_t)sequence;
    header[23] = (uint8_t)(sequence >> 8);
    struct heard heard = {
        .time_us = line->values[COLUMN_TS_US],
        .head = header,
        .head_size = HEADER,
        .body = dictionary->bytes + dictionary->offset[key],
        .body_size = dictionary->size[key],
        .rssi_dbm = (int)line->values[COLUMN_RSSI],
        .channel = channel_of_mhz(line->values[COLUMN_FREQ]),
    };
    return frame_keep(&heard, how, out, problem);
}

int table_read(const uint8_t *data, size_t size, const uint8_t *roles, size_t columns,
               const struct dictionary *dictionary, const struct reading *how, struct frames *out,
               struct problem *problem) {
    uint64_t where = 1; /* the header line */
    for (size_t at = 0; at < size;) {
        where++;
        const uint8_t *end = memchr(data + at, '\n', size - at);
        if (end == NULL)
            return fail(problem, PROBLEM_CUT, where, 0);
        size_t next = (size_t)(end - data) + 1, stop = next - 1;
        if (stop > at && data[stop - 1] == '\r')
            stop--;
        struct line line = {0};
        size_t column = 0;
        for (size_t start = at; start <= stop; column++) {
            const uint8_t *comma = start < stop ? memchr(data + start, ',', stop - start) : NULL;
            size_t field_end = comma ? (size_t)(comma - data) : stop;
            if (column < columns && !field_read(data + start, field_end - start, roles[column], &line))
                return fail(problem, PROBLEM_NUMBER, where, roles[column]);
            start = field_end + 1;
        }
        if (column != columns)
            return fail(problem, PROBLEM_FIELDS, where, (int64_t)column);
        if (line_keep(&line, where, dictionary, how, out, problem) < 0)
            return -1;
        at = next;
    }
    return 0;
}
