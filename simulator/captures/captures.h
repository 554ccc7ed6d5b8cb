/* Captures in, frames in time order out: the converter's whole interface (cffi reads it too).
 *
 * Every reader takes the file as bytes in memory, believes no length in it, and gives what it
 * kept to a `struct frames`: first with no room (it only counts), then with room for exactly
 * that. Nothing here allocates, except that qsort() may. Only management frames are kept, as
 * the real radio's filter does; radiotap headers and FCS end here.
 */
#ifndef TORGPULS_CAPTURES_H
#define TORGPULS_CAPTURES_H

#include <stddef.h>
#include <stdint.h>

/* One kept frame; its bytes stand at `offset` in frames.bytes. Size 0: frames were heard then, all left
 * out; such a row is there at most once a second, to tell silence from a capturer that was off. */
struct frame_row {
    int64_t time_us; /* Unix time; in scenes, since their start */
    uint64_t offset;
    uint16_t size;
    int8_t rssi_dbm;
    uint8_t channel; /* 1..13; 0 = heard on every channel */
};

/* Why a frame was left out; each is counted, none is an error. */
enum left_out {
    LEFT_BAD_FCS = 0,
    LEFT_NO_SIGNAL,      /* radiotap without an antenna signal in dBm */
    LEFT_NOT_MANAGEMENT, /* data, control, extension: the radio's filter */
    LEFT_OTHER_BAND,     /* only when hopping: not on channels 1..13 */
    LEFT_DAMAGED,        /* no whole radiotap header, no frame behind it, or over 4095 bytes */
    LEFT_FIXED,          /* CSV: a computer that belongs to the room */
    LEFT_NO_ELEMENTS,    /* CSV: the elements were not published */
    LEFT_OTHER_LINK,     /* pcapng: an interface that is not 802.11 with radiotap */
    LEFT_SIZE
};

enum { CAPTURE_FRAME_MAX = 4095 };

/* What stopped a reader. `where` counts frames, blocks or lines from 1. */
enum problem_code {
    PROBLEM_NONE = 0,
    PROBLEM_CUT,          /* the file ends inside item `where` */
    PROBLEM_BACK_IN_TIME, /* `value`: by how many seconds */
    PROBLEM_TIME_RANGE,   /* before 1970 or after 2106 */
    PROBLEM_LENGTH,       /* item `where` says a length that cannot be */
    PROBLEM_LINK_TYPE,    /* `value`: the link type */
    PROBLEM_VERSION,      /* `value`: the major version of the format */
    PROBLEM_INTERFACE,    /* pcapng: block `where` names interface `value`, never described */
    PROBLEM_NO_TIME,      /* pcapng: block `where` is of a kind without time or of the old kind */
    PROBLEM_INTERFACES,   /* pcapng: more than `value` interfaces in a section */
    PROBLEM_FIELDS,       /* CSV: line `where` has `value` fields */
    PROBLEM_NUMBER,       /* CSV: line `where`, column of role `value` */
    PROBLEM_ELEMENTS,     /* CSV: line `where`, elements `value` are not in the dictionary */
    PROBLEM_ROOM          /* the second run met more than the first: the bytes changed */
};

struct problem {
    int32_t code;
    uint64_t where;
    int64_t value;
};

struct reading {
    int32_t as_recorded;    /* 1: every frame gets channel 0; 0: the node's hopping is obeyed */
    int32_t channel_offset; /* added to each recorded channel */
    int32_t keep_fixed;     /* CSV: keep the frames marked fixed = 1 */
};

struct frames {
    uint8_t *bytes; /* NULL: count only */
    uint64_t room;
    uint64_t used;
    struct frame_row *rows;
    uint64_t rows_room;
    uint64_t count;    /* of rows */
    uint64_t kept;     /* of frames */
    int64_t latest_us; /* time of the row before */
    uint64_t left_out[LEFT_SIZE];
};

/* Columns of the CSV layout, by what they mean to the rebuilt frame. */
enum column_role {
    COLUMN_IGNORED = 0,
    COLUMN_TS_US,
    COLUMN_MAC,
    COLUMN_RSSI,
    COLUMN_FREQ,
    COLUMN_SEQ,
    COLUMN_FRAG,
    COLUMN_FC1,
    COLUMN_IE,
    COLUMN_FIXED,
    COLUMN_ROLES
};
enum { COLUMNS_MAX = 64 };

/* Frame bodies by key: body k is bytes[offset[k] .. offset[k] + size[k]); size 0xffff: no such key. */
struct dictionary {
    const uint8_t *bytes;
    const uint64_t *offset;
    const uint16_t *size;
    uint64_t keys;
};

/* Each returns 0, or -1 with `problem` filled. The magic bytes were already seen. */
int pcap_read(const uint8_t *data, size_t size, const struct reading *how, struct frames *out,
              struct problem *problem);
int pcapng_read(const uint8_t *data, size_t size, const struct reading *how, struct frames *out,
                struct problem *problem);
int trace_read(const uint8_t *data, size_t size, const struct reading *how, struct frames *out,
               struct problem *problem);
/* `data` begins behind the header line; roles[i] says what column i means. */
int table_read(const uint8_t *data, size_t size, const uint8_t *roles, size_t columns,
               const struct dictionary *dictionary, const struct reading *how, struct frames *out,
               struct problem *problem);

/* Sort by time; frames of the same microsecond keep their order. */
void rows_sort(struct frame_row *rows, size_t count);

/* Cut sorted rows where nothing was heard for longer than `silence_us`; write the first and
 * last time of each span into spans[2 * i], spans[2 * i + 1]. Returns how many there are,
 * which may be more than `room` spans. */
size_t rows_spans(const struct frame_row *rows, size_t count, int64_t silence_us, int64_t *spans,
                  size_t room);

/* The trace of sorted rows: its size, and the bytes (layout in trace.c). `start_us` is not
 * after the first row. Returns the bytes written, or 0 when `room` is too small. */
uint64_t trace_size(const struct frame_row *rows, size_t count, int64_t start_us);
uint64_t trace_write(const struct frame_row *rows, size_t count, const uint8_t *bytes, int64_t start_us,
                     int64_t shift_us, uint64_t key_seed, uint8_t *out, uint64_t room);

#endif
