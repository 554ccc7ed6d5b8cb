/* The radiotap header in front of a captured frame (www.radiotap.org).
 *
 *   0        1     2        4           4 + 4 n
 *   +--------+-----+--------+-----------+----------------------------+-----------+
 *   | ver 0  | pad | length | present…  | fields, each on its align  | 802.11 …  |
 *   +--------+-----+--------+-----------+----------------------------+-----------+
 * Bit 31 of a present word: another follows. Bits 29 and 30 end a word's fields with a new
 * name space. Everything is little endian. Alignment counts from the header's start.
 */
#include "keep.h"

enum {
    BIT_FLAGS = 1,
    BIT_CHANNEL = 3,
    BIT_SIGNAL_DBM = 5,
    BIT_TLV = 28,
    BIT_RADIOTAP_SPACE = 29,
    BIT_VENDOR_SPACE = 30,
    BIT_MORE = 31
};
enum { FLAG_FCS = 0x10, FLAG_BAD_FCS = 0x40 };

/* Alignment and size of the fields 0..27; size 0: not defined, so nothing behind it is found. */
static const struct {
    uint8_t align, size;
} FIELDS[28] = {
    {8, 8},  /* 0 TSFT */
    {1, 1},  /* 1 flags */
    {1, 1},  /* 2 rate */
    {2, 4},  /* 3 channel: MHz, flags */
    {2, 2},  /* 4 FHSS */
    {1, 1},  /* 5 antenna signal, dBm */
    {1, 1},  /* 6 antenna noise, dBm */
    {2, 2},  /* 7 lock quality */
    {2, 2},  /* 8 TX attenuation */
    {2, 2},  /* 9 dB TX attenuation */
    {1, 1},  /* 10 TX power, dBm */
    {1, 1},  /* 11 antenna */
    {1, 1},  /* 12 antenna signal, dB */
    {1, 1},  /* 13 antenna noise, dB */
    {2, 2},  /* 14 RX flags */
    {2, 2},  /* 15 TX flags */
    {1, 1},  /* 16 RTS retries */
    {1, 1},  /* 17 data retries */
    {4, 8},  /* 18 extended channel */
    {1, 3},  /* 19 MCS */
    {4, 8},  /* 20 A-MPDU status */
    {2, 12}, /* 21 VHT */
    {8, 12}, /* 22 timestamp */
    {2, 12}, /* 23 HE */
    {2, 12}, /* 24 HE-MU */
    {2, 6},  /* 25 HE-MU-other-user */
    {1, 1},  /* 26 0-length PSDU */
    {2, 4},  /* 27 L-SIG */
};

struct radiotap {
    size_t size; /* of the whole header */
    bool has_flags, has_channel, has_signal;
    uint8_t flags;
    uint16_t mhz;
    int8_t signal_dbm;
};

static void take(struct radiotap *out, unsigned bit, const uint8_t *field) {
    if (bit == BIT_FLAGS && !out->has_flags) {
        out->has_flags = true;
        out->flags = field[0];
    } else if (bit == BIT_CHANNEL && !out->has_channel) {
        out->has_channel = true;
        out->mhz = le16(field);
    } else if (bit == BIT_SIGNAL_DBM && !out->has_signal) {
        /* The first one is the whole receiver's; later words repeat it per antenna. */
        out->has_signal = true;
        out->signal_dbm = (int8_t)field[0];
    }
}

/* Walk one present word's fields; returns the position behind them, or 0 when nothing behind
 * can be found any more. */
static size_t walk(const uint8_t *header, size_t size, size_t at, uint32_t present, bool *vendor,
                   struct radiotap *out) {
    for (unsigned bit = 0; bit < BIT_TLV && !*vendor; bit++) {
        if ((present >> bit & 1) == 0)
            continue;
        size_t align = FIELDS[bit].align;
        at = (at + align - 1) / align * align;
        if (FIELDS[bit].size > size || at > size - FIELDS[bit].size)
            return 0;
        take(out, bit, header + at);
        at += FIELDS[bit].size;
    }
    if (!*vendor && (present >> BIT_TLV & 1))
        return 0;
    if (present >> BIT_VENDOR_SPACE & 1) { /* OUI 3, sub space 1, bytes to skip 2 */
        at = (at + 1) / 2 * 2;
        if (size < 6 || at > size - 6)
            return 0;
        at += 6u + le16(header + at + 4);
        *vendor = true;
    } else if (present >> BIT_RADIOTAP_SPACE & 1) {
        *vendor = false;
    }
    return at <= size ? at : 0;
}

/* Read the header; false when it is not whole. */
static bool radiotap_read(const uint8_t *packet, size_t size, struct radiotap *out) {
    *out = (struct radiotap){0};
    if (size < 8 || packet[0] != 0)
        return false;
    out->size = le16(packet + 2);
    if (out->size < 8 || out->size > size)
        return false;
    size_t words = 1;
    while (le32(packet + 4 * words) >> BIT_MORE & 1) {
        words++;
        if (4 + 4 * words > out->size)
            return false;
    }
    size_t at = 4 + 4 * words;
    bool vendor = false;
    for (size_t word = 0; word < words && at != 0; word++)
        at = walk(packet, out->size, at, le32(packet + 4 + 4 * word), &vendor, out);
    return true;
}

int radiotap_keep(const uint8_t *packet, size_t size, size_t on_air, int64_t time_us,
                  const struct reading *how, struct frames *out, struct problem *problem) {
    struct radiotap radiotap;
    if (!radiotap_read(packet, size, &radiotap))
        return frame_leave(time_us, LEFT_DAMAGED, out, problem);
    if (radiotap.flags & FLAG_BAD_FCS)
        return frame_leave(time_us, LEFT_BAD_FCS, out, problem);
    if (!radiotap.has_signal)
        return frame_leave(time_us, LEFT_NO_SIGNAL, out, problem);
    if (on_air < size)
        on_air = size;
    size_t end = on_air;
    if (radiotap.flags & FLAG_FCS)
        end = end >= 4 ? end - 4 : 0;
    if (end > size)
        end = size; /* the snap length had cut the FCS already */
    struct heard heard = {
        .time_us = time_us,
        .head = packet + radiotap.size,
        .head_size = end > radiotap.size ? end - radiotap.size : 0,
        .rssi_dbm = radiotap.signal_dbm,
        .channel = channel_of_mhz(radiotap.mhz),
    };
    return frame_keep(&heard, how, out, problem);
}
