"""The definitions of tally.h once more: without limits, in floating point, for judging the C.

Written from the text of tally.h, not from tally.c: a set of everything ever heard, no table.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

GATES_DBM = (-70, -75, None)
EVENT_PAUSE_TENTHS = 50
PERSISTENT_AFTER_TENTHS = 150


class Heard(NamedTuple):
    """One local or global address heard once. device and model may be any hashable thing."""

    time_tenths: int
    device: object
    model: object
    rssi_dbm: int
    local: bool = True


def with_first_model(sightings: Iterable[Heard]) -> Iterator[Heard]:
    """Yield the local sightings; the first model heard with a device stands."""
    model_of: dict[object, object] = {}
    for heard in sightings:
        if heard.local:
            yield heard._replace(model=model_of.setdefault(heard.device, heard.model))


def by_model(sightings: Iterable[Heard], gate_dbm: int | None) -> tuple[dict[object, float], int]:
    """Return ({model: its part of S}, F) behind one gate; S is in people and not rounded."""
    first_tenths: dict[object, int] = {}
    latest_new_tenths: dict[object, int] = {}
    began_event: set[object] = set()
    persistent: set[object] = set()
    events: dict[object, int] = defaultdict(int)
    persistents: dict[object, int] = defaultdict(int)
    for heard in with_first_model(sightings):
        if gate_dbm is not None and heard.rssi_dbm < gate_dbm:
            continue
        device, model, now = heard.device, heard.model, heard.time_tenths
        if device not in first_tenths:
            first_tenths[device] = now
            if model not in latest_new_tenths or now - latest_new_tenths[model] > EVENT_PAUSE_TENTHS:
                events[model] += 1
                began_event.add(device)
            latest_new_tenths[model] = now
        elif now - first_tenths[device] > PERSISTENT_AFTER_TENTHS and device not in persistent:
            persistent.add(device)
            persistents[model] += 1
            if device in began_event:
                events[model] -= 1
    s = {model: max(persistents[model], by_events(events[model])) for model in latest_new_tenths}
    f = sum(events[model] == 1 and persistents[model] == 0 for model in latest_new_tenths)
    return s, f


def by_events(events: int) -> float:
    """Return how many phones of one model its scan events speak for."""
    return 1 + math.log2(max(events / 4, 1)) / 2 if events else 0


def count(sightings: Iterable[Heard]) -> list[tuple[dict[object, float], int]]:
    """Return ({model: its part of S}, F) for each of GATES_DBM."""
    sightings = list(sightings)
    return [by_model(sightings, gate) for gate in GATES_DBM]


def people(counts: list[tuple[dict[object, float], int]]) -> int:
    """Return x, the figure of counting method 1: half up of the mean over both gates of S + 0.6 F."""
    (s70, f70), (s75, f75), _ = counts
    s = sum(s70.values()) + sum(s75.values())
    return math.floor(s / 2 + 0.3 * (f70 + f75) + 0.5)
