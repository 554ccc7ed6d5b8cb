/* What the readers share: numbers of either byte order, and the one way to keep a frame. */
#ifndef TORGPULS_KEEP_H
#define TORGPULS_KEEP_H

#include "captures.h"

#include <stdbool.h>

static inline uint16_t le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t le64(const uint8_t *p) {
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}
static inline uint16_t read16(const uint8_t *p, bool big) {
    if (big)
        return (uint16_t)(p[0] << 8 | p[1]);
    return le16(p);
}
static inline uint32_t read32(const uint8_t *p, bool big) {
    return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : le32(p);
}

/* A frame as a reader met it, before it is decided whether it is kept. */
struct heard {
    int64_t time_us;
    const uint8_t *head; /* the frame's first bytes */
    size_t head_size;
    const uint8_t *body; /* and the rest, when it stands elsewhere (CSV) */
    size_t body_size;
    int rssi_dbm;
    int channel; /* 1..13, 0 when on none of them */
};

/* Keep the frame, or count why not. */
int frame_keep(const struct heard *heard, const struct reading *how, struct frames *out,
               struct problem *problem);

/* Count a frame that is not kept, and note that something was heard. */
int frame_leave(int64_t time_us, enum left_out reason, struct frames *out, struct problem *problem);

/* Note that something was heard. */
int time_mark(int64_t time_us, struct frames *out, struct problem *problem);

/* The channel 1..13 of a frequency in MHz, else 0. IEEE 802.11-2020, 15.4.4.3. */
int channel_of_mhz(int64_t mhz);

/* A captured packet of link type 127: radiotap off, FCS off, then frame_keep(). `on_air` is
 * its size before a snap length cut it. */
int radiotap_keep(const uint8_t *packet, size_t size, size_t on_air, int64_t time_us,
                  const struct reading *how, struct frames *out, struct problem *problem);

/* Follow the capture's clock: fill `problem` when it jumps back by more than an hour (a
 * capturer whose clock was set in between), else remember the latest time. */
int clock_follow(int64_t time_us, uint64_t where, int64_t *latest_us, struct problem *problem);

static inline int fail(struct problem *problem, int32_t code, uint64_t where, int64_t value) {
    problem->code = code;
    problem->where = where;
    problem->value = value;
    return -1;
}

enum { LINK_RADIOTAP = 127 }; /* LINKTYPE_IEEE802_11_RADIOTAP */
#define TIME_LIMIT_US (INT64_C(4294967296) * 1000000)

#endif
