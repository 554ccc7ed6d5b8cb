/* A driver's task that hears frames at a steady rate, in real time, and a listener that wakes now and then.
 *
 * loss_threads FRAMES_PER_S SECONDS WAKE_MS STALL_S: listens, waking every WAKE_MS; but first it stalls for
 * STALL_S with the radio on. Prints "sent kept dropped".
 */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frame.h"
#include "port.h"
#include "sniffer.h"

static long frames_per_s, seconds, wake_ms, stall_s;
static uint32_t sent;
static atomic_bool sent_all;

static void sleep_us(long us) {
    struct timespec rest = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&rest, NULL);
}

static int64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* 144 bytes, a new address for each frame. */
static void *drive(void *unused) {
    (void)unused;
    int64_t start_us = clock_us();
    for (; sent < frames_per_s * seconds; sent++) {
        int64_t due_us = start_us + (int64_t)sent * 1000000 / frames_per_s;
        while (clock_us() < due_us)
            sleep_us(100);
        uint8_t frame[144] = {0x40};
        frame[10] = 2;
        memcpy(frame + 11, &sent, sizeof sent);
        frame[24] = 200;
        frame[25] = 118;
        sniffer_hear(frame, sizeof frame, -60);
    }
    atomic_store(&sent_all, true);
    return NULL;
}

bool port_start(void) {
    return true;
}

void port_stop(void) {}

bool port_channel(int channel) {
    return channel > 0;
}

uint32_t port_wait(uint32_t ms) {
    sleep_us(wake_ms * 1000);
    return ms;
}

uint32_t port_now_us(void) {
    return (uint32_t)clock_us();
}

bool port_random(void *bytes, size_t size) {
    memset(bytes, 0x5b, size);
    return true;
}

int port_reset_reason(void) {
    return 0;
}

size_t port_static_bytes(void) {
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    frames_per_s = atol(argv[1]), seconds = atol(argv[2]), wake_ms = atol(argv[3]), stall_s = atol(argv[4]);
    sniffer_listen(1, 0);
    pthread_t driver;
    if (pthread_create(&driver, NULL, drive, NULL) != 0)
        return 2;
    sleep_us(stall_s * 1000000);
    while (!atomic_load(&sent_all))
        sniffer_listen(1, 1);
    pthread_join(driver, NULL);
    int32_t counts[COUNTS_SIZE];
    sniffer_close_window(counts, COUNTS_SIZE);
    printf("%u %d %d\n", (unsigned)sent, (int)counts[COUNT_KEPT], (int)counts[COUNT_DROPPED]);
    return 0;
}
