/* The radio of a host: hears a recorded trace in the trace's own time.
 *
 * A trace, all numbers little-endian:
 *
 *   header, 32 bytes
 *   0           8              16             24             32
 *   +-----------+--------------+--------------+--------------+
 *   | TPTRACE1  | start_us u64 | key_seed u64 | zeros        |
 *   +-----------+--------------+--------------+--------------+
 *   start_us: time zero, Unix microseconds. key_seed: 0 draws every window's key from the system;
 *   any other number derives them from itself and the window's count, so that a replay repeats.
 *
 *   record, 8 bytes and a frame
 *   0              4          6         7            8           8 + size
 *   +--------------+----------+---------+------------+-----------+
 *   | delta_us u32 | size u16 | rssi i8 | channel u8 | frame ... |
 *   +--------------+----------+---------+------------+-----------+
 *   delta_us: since the record before (or the start). channel 1..13, or 0: heard on every channel.
 *   frame: 802.11 without radiotap header and FCS. Size 0 hears nothing and only moves time.
 *
 * The descriptor must be of a file (pread), and stay open. One static buffer holds what was read;
 * a record is wiped when it was heard or passed over, the rest whenever the radio stops.
 */
#define _DEFAULT_SOURCE /* getentropy, pread */

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "port.h"
#include "siphash.h"
#include "sniffer.h"
#include "wipe.h"

enum {
    HEADER_SIZE = 32,
    RECORD_HEADER = 8,
    BUFFER_SIZE = 1 << 17, /* more than the largest record, 8 + 65535 */
    SLICE_MS = 250         /* the longest wait before the ring is drained */
};

static const char magic[8] = {'T', 'P', 'T', 'R', 'A', 'C', 'E', '1'};

static struct {
    int descriptor;
    enum { NO_TRACE, MORE, ENDED, DAMAGED } state;
    off_t next;         /* where in the file the buffer's first unread byte is */
    size_t at, end;     /* unread bytes in the buffer */
    uint64_t now_us;    /* trace time */
    uint64_t record_us; /* time of the last record that was read */
    uint64_t key_seed;
    uint64_t keys_drawn;
    int channel;
    uint8_t buffer[BUFFER_SIZE];
} trace;

static uint64_t number_at(const uint8_t *bytes, size_t size) {
    uint64_t number = 0;
    while (size-- > 0)
        number = number << 8 | bytes[size];
    return number;
}

static void forget_buffer(void) {
    wipe(trace.buffer + trace.at, trace.end - trace.at);
    trace.at = trace.end = 0;
}

/* Make `size` unread bytes available at buffer + at. False at the end of the trace or in damage. */
static bool have(size_t size) {
    if (trace.end - trace.at >= size)
        return true;
    forget_buffer();
    while (trace.end < size) {
        ssize_t got = pread(trace.descriptor, trace.buffer + trace.end, BUFFER_SIZE - trace.end,
                            trace.next + (off_t)trace.end);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            trace.state = got == 0 && trace.end == 0 ? ENDED : DAMAGED;
            return false;
        }
        trace.end += (size_t)got;
    }
    return true;
}

static void pass(size_t size) {
    wipe(trace.buffer + trace.at, size);
    trace.at += size;
    trace.next += (off_t)size;
}

int sniffer_open_trace(int descriptor) {
    sniffer_stop();
    wipe(&trace, sizeof trace);
    trace.descriptor = descriptor;
    if (!have(HEADER_SIZE) || memcmp(trace.buffer, magic, sizeof magic) != 0 ||
        number_at(trace.buffer + 24, 8) != 0) {
        wipe(&trace, sizeof trace);
        return SNIFFER_BAD_TRACE;
    }
    trace.now_us = trace.record_us = number_at(trace.buffer + 8, 8);
    trace.key_seed = number_at(trace.buffer + 16, 8);
    pass(HEADER_SIZE);
    forget_buffer();
    trace.state = MORE;
    return 0;
}

void sniffer_seek(int64_t unix_ms) {
    trace.now_us = (uint64_t)unix_ms * 1000;
}

/* Hear the trace's next record if it lies before `until_us`. */
static bool hear_next(uint64_t until_us, uint64_t from_us) {
    if (trace.state != MORE || !have(RECORD_HEADER))
        return false;
    const uint8_t *record = trace.buffer + trace.at;
    uint64_t record_us = trace.record_us + number_at(record, 4);
    if (record_us >= until_us)
        return false;
    size_t size = RECORD_HEADER + (size_t)number_at(record + 4, 2);
    if (!have(size))
        return false;
    uint8_t *frame = trace.buffer + trace.at + RECORD_HEADER;
    int channel = frame[-1];
    trace.record_us = record_us;
    if (record_us >= from_us && size > RECORD_HEADER && (channel == 0 || channel == trace.channel)) {
        trace.now_us = record_us;
        sniffer_hear(frame, size - RECORD_HEADER, (int8_t)frame[-2]);
    }
    pass(size);
    return true;
}

uint32_t port_wait(uint32_t ms) {
    ms = ms < SLICE_MS ? ms : SLICE_MS;
    uint64_t from_us = trace.now_us, until_us = from_us + (uint64_t)ms * 1000;
    while (hear_next(until_us, from_us))
        ;
    trace.now_us = until_us;
    return trace.state == DAMAGED ? 0 : ms;
}

bool port_start(void) {
    return true;
}

void port_stop(void) {
    forget_buffer();
}

bool port_channel(int channel) {
    trace.channel = channel;
    return true;
}

uint32_t port_now_us(void) {
    return (uint32_t)trace.now_us;
}

bool port_random(void *bytes, size_t size) {
    if (trace.key_seed == 0)
        return getentropy(bytes, size) == 0;
    struct siphash_key seed = {trace.key_seed, trace.keys_drawn++};
    for (size_t i = 0; i < size; i++) {
        uint8_t place = (uint8_t)i;
        ((uint8_t *)bytes)[i] = (uint8_t)siphash(&seed, &place, 1);
    }
    return true;
}

int port_reset_reason(void) {
    return 0;
}

size_t port_static_bytes(void) {
    return sizeof trace;
}
