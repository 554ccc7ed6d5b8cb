/* Two threads through ring.c: numbered sightings arrive in order, each once or counted as dropped.
 *
 * ring_threads COUNT PAUSE_EVERY: the consumer yields after so many; 0 stalls it until all are sent.
 * Prints "taken dropped".
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "ring.h"

enum { SIZE = 64 };

static struct ring ring;
static struct sighting slots[SIZE];
static uint32_t count;
static atomic_bool sent_all;

static void check(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "failed: %s\n", what);
        exit(1);
    }
}

static void *produce(void *unused) {
    (void)unused;
    for (uint32_t i = 1; i <= count; i++)
        ring_put(&ring, (struct sighting){.who = i, .how = ~i});
    atomic_store(&sent_all, true);
    return NULL;
}

int main(int argc, char **argv) {
    check(argc == 3, "usage");
    count = (uint32_t)strtoul(argv[1], NULL, 10);
    uint32_t pause_every = (uint32_t)strtoul(argv[2], NULL, 10);
    ring_open(&ring, slots, SIZE);
    pthread_t producer;
    check(pthread_create(&producer, NULL, produce, NULL) == 0, "thread");
    uint32_t taken = 0, last = 0;
    while (pause_every == 0 && !atomic_load(&sent_all))
        sched_yield();
    for (bool more = true; more;) {
        more = !atomic_load(&sent_all);
        struct sighting sighting;
        while (ring_take(&ring, &sighting)) {
            check(sighting.who > last && sighting.how == ~sighting.who, "order, or a torn sighting");
            last = sighting.who;
            taken++;
            if (pause_every > 0 && taken % pause_every == 0)
                sched_yield();
        }
    }
    pthread_join(producer, NULL);
    check(taken + ring_dropped(&ring) == count, "every sighting is taken or counted as dropped");
    for (int i = 0; i < SIZE; i++)
        check(slots[i].who == 0 && slots[i].how == 0, "a taken slot is wiped");
    printf("%u %u\n", (unsigned)taken, (unsigned)ring_dropped(&ring));
    return 0;
}
