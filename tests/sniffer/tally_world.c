/* Memory for a tally of any size, and a whole window in one call: what a test needs around tally.c. */
#include <stdlib.h>

#include "tally.h"

struct world {
    struct tally tally;
    struct tally_set *sets;
    struct tally_model *models;
    size_t set_count;
    size_t model_count;
};

void world_free(struct world *world);
struct world *world_new(size_t addresses, size_t models);
size_t world_bytes(size_t addresses, size_t models);
void world_count(struct world *world, const struct sighting *sightings, size_t size,
                 struct tally_result *result);
void world_add(struct world *world, const struct sighting *sightings, size_t size);
void world_wipe(struct world *world);
size_t world_bytes_left(const struct world *world);

void world_free(struct world *world) {
    free(world->sets);
    free(world->models);
    free(world);
}

/* NULL when tally_open refuses the sizes. */
struct world *world_new(size_t addresses, size_t models) {
    struct world *world = calloc(1, sizeof *world);
    world->set_count = TALLY_SETS(addresses);
    world->model_count = models;
    world->sets = calloc(world->set_count, sizeof *world->sets);
    world->models = calloc(models, sizeof *world->models);
    if (!tally_open(&world->tally, world->sets, world->set_count, world->models, models)) {
        world_free(world);
        return NULL;
    }
    return world;
}

size_t world_bytes(size_t addresses, size_t models) {
    return TALLY_SETS(addresses) * sizeof(struct tally_set) + models * sizeof(struct tally_model) +
           sizeof(struct tally);
}

void world_add(struct world *world, const struct sighting *sightings, size_t size) {
    for (size_t i = 0; i < size; i++) {
        tally_add(&world->tally, sightings[i]);
    }
}

void world_count(struct world *world, const struct sighting *sightings, size_t size,
                 struct tally_result *result) {
    world_add(world, sightings, size);
    tally_close(&world->tally, result);
}

void world_wipe(struct world *world) {
    tally_wipe(&world->tally);
}

static size_t nonzero(const void *memory, size_t size) {
    size_t bytes = 0;
    for (size_t i = 0; i < size; i++) {
        bytes += ((const unsigned char *)memory)[i] != 0;
    }
    return bytes;
}

/* How many bytes of all that the tally wrote are not zero. */
size_t world_bytes_left(const struct world *world) {
    return nonzero(world->sets, world->set_count * sizeof *world->sets) +
           nonzero(world->models, world->model_count * sizeof *world->models) +
           nonzero(world->tally.chain, sizeof world->tally.chain) +
           nonzero(world->tally.beyond, sizeof world->tally.beyond);
}
