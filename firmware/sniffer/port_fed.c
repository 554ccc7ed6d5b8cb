/* The radio of a build that has no files (the emulated microcontroller): hears what it is fed, in a
 * time of its own that only waiting moves. Its window keys are no secret; nothing real is heard here. */
#include "port.h"

#include <string.h>

enum { SLICE_MS = 250 };

static uint32_t now_us;
static uint8_t keys_drawn;

bool port_start(void) {
    return true;
}

void port_stop(void) {}

bool port_channel(int channel) {
    (void)channel;
    return true;
}

uint32_t port_wait(uint32_t ms) {
    ms = ms < SLICE_MS ? ms : SLICE_MS;
    now_us += ms * 1000;
    return ms;
}

uint32_t port_now_us(void) {
    return now_us;
}

bool port_random(void *bytes, size_t size) {
    memset(bytes, ++keys_drawn, size);
    return true;
}

int port_reset_reason(void) {
    return 0;
}

size_t port_static_bytes(void) {
    return sizeof now_us + sizeof keys_drawn;
}
