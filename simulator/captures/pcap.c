/* pcap files (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds.
 *
 *   file   | magic 4 | major 2 | minor 2 | zeros 8 | snap length 4 | link type 4 |
 *   packet | seconds 4 | fraction 4 | captured 4 | on air 4 | `captured` bytes |
 */
#include "keep.h"

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
enum { FILE_HEADER = 24, PACKET_HEADER = 16 };

int pcap_read(const uint8_t *data, size_t size, const struct reading *how, struct frames *out,
              struct problem *problem) {
    if (size < FILE_HEADER)
        return fail(problem, PROBLEM_CUT, 0, 0);
    bool big = read32(data, true) == MAGIC_US || read32(data, true) == MAGIC_NS;
    bool nanoseconds = read32(data, big) == MAGIC_NS;
    if (read16(data + 4, big) != 2)
        return fail(problem, PROBLEM_VERSION, 0, read16(data + 4, big));
    uint32_t link_type = read32(data + 20, big) & 0xffff; /* above: FCS length, unused for 127 */
    if (link_type != LINK_RADIOTAP)
        return fail(problem, PROBLEM_LINK_TYPE, 0, link_type);

    int64_t latest_us = 0;
    uint64_t number = 0;
    for (size_t at = FILE_HEADER; at < size;) {
        number++;
        if (size - at < PACKET_HEADER)
            return fail(problem, PROBLEM_CUT, number, 0);
        int64_t fraction = read32(data + at + 4, big);
        int64_t time_us =
            (int64_t)read32(data + at, big) * 1000000 + (nanoseconds ? fraction / 1000 : fraction);
        size_t captured = read32(data + at + 8, big);
        size_t on_air = read32(data + at + 12, big);
        if (captured > 0x40000)
            return fail(problem, PROBLEM_LENGTH, number, (int64_t)captured);
        at += PACKET_HEADER;
        if (captured > size - at)
            return fail(problem, PROBLEM_CUT, number, 0);
        if (clock_follow(time_us, number, &latest_us, problem) < 0)
            return -1;
        if (radiotap_keep(data + at, captured, on_air, time_us, how, out, problem) < 0)
            return -1;
        at += captured;
    }
    return 0;
}
