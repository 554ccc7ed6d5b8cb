"""tally.c alone, compiled for this machine, behind one Python function."""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import cffi
from sniffer import c_programs

DECLARATIONS = """
struct sighting { uint32_t who; uint32_t how; };
struct tally_result { int32_t s_q8[3]; int32_t f[3]; bool addresses_full; bool models_full; };
struct world;
struct world *world_new(size_t addresses, size_t models);
void world_free(struct world *world);
size_t world_bytes(size_t addresses, size_t models);
void world_count(struct world *world, const struct sighting *sightings, size_t size,
                 struct tally_result *result);
void world_add(struct world *world, const struct sighting *sightings, size_t size);
void world_wipe(struct world *world);
size_t world_bytes_left(const struct world *world);
"""


class Counts(NamedTuple):
    """What tally_close() wrote; S in 1/256."""

    s_q8: tuple[int, ...]
    f: tuple[int, ...]
    addresses_full: bool
    models_full: bool

    @property
    def people(self) -> int:
        """x, the figure of counting method 1, in the node's integer arithmetic."""
        return (5 * (self.s_q8[0] + self.s_q8[1]) + 768 * (self.f[0] + self.f[1]) + 1280) // 2560


@functools.cache
def library() -> tuple[Any, Any]:
    """Return (ffi, lib): tally.c with the test's own tally_world.c, which owns the memory."""
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS)
    shared = c_programs.compiled("libtally.so", ("tally_world.c",), ("tally.c",), "-O2", "-shared", "-fPIC")
    return ffi, ffi.dlopen(str(shared))


def pack(
    time_tenths: int, device: int, model: int, rssi_dbm: int, local: int = True, channel: int = 6
) -> tuple[int, int]:
    """Return the two words of a struct sighting."""
    return device << 12 | model, time_tenths << 16 | (rssi_dbm + 128) << 8 | channel << 4 | local


def count(sightings: Iterable[tuple[int, ...]], addresses: int = 2048, models: int = 128) -> Counts:
    """Tally one window of (time_tenths, device, model, rssi_dbm, local) in tables of these sizes."""
    ffi, lib = library()
    words = [pack(*sighting) for sighting in sightings]
    result = ffi.new("struct tally_result *")
    world = lib.world_new(addresses, models)
    if world == ffi.NULL:
        raise ValueError(f"tally_open refuses {addresses} addresses, {models} models")
    lib.world_count(world, ffi.new("struct sighting[]", words), len(words), result)
    left = lib.world_bytes_left(world)
    lib.world_free(world)
    assert left == 0, f"{left} bytes of the tables are not wiped"
    return Counts(tuple(result.s_q8), tuple(result.f), result.addresses_full, result.models_full)


def table_bytes(addresses: int, models: int) -> int:
    """Return the static memory of one tally in bytes on this machine."""
    return int(library()[1].world_bytes(addresses, models))
