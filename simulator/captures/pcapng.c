/* pcapng files (draft-ietf-opsawg-pcapng): sections of either byte order, several interfaces.
 *
 *   block             | type 4 | length 4 | body, padded to 4 | length 4 |
 *   section header    | byte order magic 4 | major 2 | minor 2 | section length 8 | options |
 *   interface         | link type 2 | reserved 2 | snap length 4 | options |
 *   enhanced packet   | interface 4 | time high 4 | time low 4 | captured 4 | on air 4 | bytes | options |
 *   option            | code 2 | length 2 | value, padded to 4 |
 */
#include "keep.h"

enum { BLOCK_INTERFACE = 1, BLOCK_OLD_PACKET = 2, BLOCK_SIMPLE_PACKET = 3, BLOCK_ENHANCED_PACKET = 6 };
#define BLOCK_SECTION 0x0a0d0d0au /* the same in both byte orders */
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
enum { OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };
enum { INTERFACES_MAX = 64, BLOCK_SIZE_MAX = 0x4000000 };

struct interface {
    uint16_t link_type;
    uint64_t ticks_per_s;
    int64_t offset_s;
};

struct section {
    bool big;
    size_t count;
    struct interface interfaces[INTERFACES_MAX];
};

/* Units per second of if_tsresol: bit 7 clear, a negative power of 10; set, of 2. 0: beyond us. */
static uint64_t ticks_per_s(uint8_t resolution) {
    unsigned power = resolution & 0x7f;
    if (resolution & 0x80)
        return power < 63 ? UINT64_C(1) << power : 0;
    uint64_t ticks = 1;
    if (power > 18)
        return 0;
    while (power-- > 0)
        ticks *= 10;
    return ticks;
}

static int interface_read(const uint8_t *body, size_t size, uint64_t where, struct section *section,
                          struct problem *problem) {
    if (size < 8)
        return fail(problem, PROBLEM_LENGTH, where, (int64_t)size);
    if (section->count == INTERFACES_MAX)
        return fail(problem, PROBLEM_INTERFACES, where, INTERFACES_MAX);
    struct interface *interface = &section->interfaces[section->count++];
    *interface = (struct interface){read16(body, section->big), 1000000, 0};
    for (size_t at = 8; size - at >= 4;) {
        uint16_t code = read16(body + at, section->big);
        size_t length = read16(body + at + 2, section->big);
        at += 4;
        if (code == 0)
            break;
        if (length > size - at)
            return fail(problem, PROBLEM_LENGTH, where, (int64_t)length);
        if (code == OPTION_TSRESOL && length == 1)
            interface->ticks_per_s = ticks_per_s(body[at]);
        if (code == OPTION_TSOFFSET && length == 8) {
            uint64_t first = read32(body + at, section->big), second = read32(body + at + 4, section->big);
            interface->offset_s = (int64_t)(section->big ? first << 32 | second : second << 32 | first);
        }
        size_t padded = (length + 3) / 4 * 4;
        at = padded < size - at ? at + padded : size;
    }
    return 0;
}

/* Unix microseconds of a packet's ticks, or -1 when they are no time that we can say. */
static int64_t unix_us(const struct interface *interface, uint64_t ticks) {
    uint64_t per_s = interface->ticks_per_s;
    if (per_s == 0)
        return -1;
    uint64_t seconds = ticks / per_s, rest = ticks % per_s;
    if (seconds >> 32 || interface->offset_s < -(INT64_C(1) << 32) || interface->offset_s >> 32 > 0)
        return -1;
    while (per_s > UINT64_C(1) << 40) { /* so that rest * 1000000 stays inside 64 bits */
        per_s /= 2;
        rest /= 2;
    }
    return ((int64_t)seconds + interface->offset_s) * 1000000 + (int64_t)(rest * 1000000 / per_s);
}

static int packet_read(const uint8_t *body, size_t size, uint64_t where, const struct section *section,
                       const struct reading *how, int64_t *latest_us, struct frames *out,
                       struct problem *problem) {
    if (size < 20)
        return fail(problem, PROBLEM_LENGTH, where, (int64_t)size);
    uint32_t number = read32(body, section->big);
    if (number >= section->count)
        return fail(problem, PROBLEM_INTERFACE, where, number);
    const struct interface *interface = &section->interfaces[number];
    uint64_t ticks = (uint64_t)read32(body + 4, section->big) << 32 | read32(body + 8, section->big);
    size_t captured = read32(body + 12, section->big);
    size_t on_air = read32(body + 16, section->big);
    if (captured > size - 20)
        return fail(problem, PROBLEM_LENGTH, where, (int64_t)captured);
    if (interface->link_type != LINK_RADIOTAP) { /* says nothing about the radio, not even its time */
        out->left_out[LEFT_OTHER_LINK]++;
        return 0;
    }
    int64_t time_us = unix_us(interface, ticks);
    if (clock_follow(time_us, where, latest_us, problem) < 0)
        return -1;
    return radiotap_keep(body + 20, captured, on_air, time_us, how, out, problem);
}

static int section_read(const uint8_t *block, size_t left, uint64_t where, struct section *section,
                        struct problem *problem) {
    if (left < 28)
        return fail(problem, PROBLEM_CUT, where, 0);
    section->big = read32(block + 8, true) == BYTE_ORDER_MAGIC;
    section->count = 0;
    if (read32(block + 8, section->big) != BYTE_ORDER_MAGIC)
        return fail(problem, PROBLEM_LENGTH, where, 0);
    uint16_t major = read16(block + 12, section->big);
    return major == 1 ? 0 : fail(problem, PROBLEM_VERSION, where, major);
}

int pcapng_read(const uint8_t *data, size_t size, const struct reading *how, struct frames *out,
                struct problem *problem) {
    struct section section = {0};
    int64_t latest_us = 0;
    uint64_t where = 0;
    for (size_t at = 0; at < size;) {
        where++;
        size_t left = size - at;
        if (left < 12)
            return fail(problem, PROBLEM_CUT, where, 0);
        const uint8_t *block = data + at;
        uint32_t type = read32(block, section.big);
        if (type == BLOCK_SECTION && section_read(block, left, where, &section, problem) < 0)
            return -1;
        size_t length = read32(block + 4, section.big);
        if (length < 12 || length % 4 != 0 || length > BLOCK_SIZE_MAX)
            return fail(problem, PROBLEM_LENGTH, where, (int64_t)length);
        if (length > left)
            return fail(problem, PROBLEM_CUT, where, 0);
        if (read32(block + length - 4, section.big) != length)
            return fail(problem, PROBLEM_LENGTH, where, (int64_t)length);
        int result = 0;
        if (type == BLOCK_INTERFACE)
            result = interface_read(block + 8, length - 12, where, &section, problem);
        else if (type == BLOCK_ENHANCED_PACKET)
            result = packet_read(block + 8, length - 12, where, &section, how, &latest_us, out, problem);
        else if (type == BLOCK_SIMPLE_PACKET || type == BLOCK_OLD_PACKET)
            result = fail(problem, PROBLEM_NO_TIME, where, (int64_t)type);
        if (result < 0)
            return -1;
        at += length;
    }
    return 0;
}
