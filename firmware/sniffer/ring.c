#include "ring.h"

#include "wipe.h"

void ring_open(struct ring *ring, struct sighting *slots, uint32_t size) {
    ring->slots = slots;
    ring->size = size;
    atomic_init(&ring->put, 0);
    atomic_init(&ring->taken, 0);
    atomic_init(&ring->dropped, 0);
}

bool ring_put(struct ring *ring, struct sighting sighting) {
    uint32_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
    uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    if (put - taken >= ring->size) {
        uint32_t dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed);
        atomic_store_explicit(&ring->dropped, dropped + 1, memory_order_relaxed);
        return false;
    }
    ring->slots[put & (ring->size - 1)] = sighting;
    atomic_store_explicit(&ring->put, put + 1, memory_order_release);
    return true;
}

bool ring_take(struct ring *ring, struct sighting *out) {
    uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    uint32_t put = atomic_load_explicit(&ring->put, memory_order_acquire);
    if (put == taken)
        return false;
    struct sighting *slot = &ring->slots[taken & (ring->size - 1)];
    *out = *slot;
    wipe(slot, sizeof *slot);
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return true;
}

uint32_t ring_dropped(const struct ring *ring) {
    return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}
