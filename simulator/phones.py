"""Made-up phones: a capture of people who never were, for whoever has no published one.

People arrive, stay and leave; each carries one phone of an invented model. A phone that is not
connected draws a new random address for every scan, a connected one keeps its own while it
stays. Addresses begin with 02 (locally administered, handed out by nobody), and so do the
vendor elements. An access point sends a beacon now and then, as everywhere: it shows that the
capture goes on where nobody is. The same seed gives the same bytes.
"""

from __future__ import annotations

import heapq
import math
import os
import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .captures.pcap_file import write_pcap

CHANNELS = tuple(range(1, 14))
CHANNEL_DWELL_US = 20_000  # a phone stays this long on a channel while it scans
MODELS = 60
BEACON_EVERY_S = 10  # a real one sends a hundred times as many


@dataclass(frozen=True)
class Crowd:
    """What is made up. Times in Unix seconds; the same values give the same capture.

    people: how many are there on average when it is busy; by_hour: the share of `people` that
    is there in each of the 24 hours of a UTC day. stay_s: how long a person stays, on average;
    scan_s: how long a phone waits between two scans, on average.
    """

    start_s: int
    duration_s: int
    people: float = 12.0
    by_hour: tuple[float, ...] = (
        0, 0, 0, 0, 0, 0, 0.1, 0.3, 0.6, 0.9, 1, 1, 1.2, 1.1, 1, 1, 1.1, 0.9, 0.6, 0.4, 0.2, 0.1, 0, 0,
    )  # fmt: skip
    stay_s: float = 1500.0
    scan_s: float = 45.0
    connected_share: float = 0.25
    seed: int = 1


@dataclass(frozen=True)
class Phone:
    """One person's phone, from arrival to departure."""

    elements: Callable[[int], bytes]  # frame body by channel
    address: bytes  # its own while connected, else b""
    rssi_dbm: float
    leave_us: int


def element(number: int, content: bytes) -> bytes:
    """Return one information element (IEEE 802.11-2020, 9.4.2.1)."""
    return bytes((number, len(content))) + content


def model(index: int) -> Callable[[int], bytes]:
    """Return what phones of an invented model say: the frame body by channel."""
    draw = random.Random(f"model {index}")
    before = element(0, b"") + element(1, bytes((2, 4, 11, 22))) + element(50, draw.randbytes(8))
    behind = element(45, draw.randbytes(26)) + element(127, draw.randbytes(draw.choice((8, 10))))
    if draw.random() < 0.7:
        behind += element(255, b"\x23" + draw.randbytes(draw.choice((21, 25, 29))))
    for _ in range(draw.randint(0, 3)):
        behind += element(221, b"\x02" + draw.randbytes(draw.randint(6, 10)))
    return lambda channel: before + element(3, bytes((channel,))) + behind


def random_address(draw: random.Random) -> bytes:
    """Return an address that no maker was given: locally administered, not a group."""
    return b"\x02" + draw.randbytes(5)


def scan(phone: Phone, time_us: int, draw: random.Random) -> Iterator[tuple[int, int, int, bytes]]:
    """Give the probe requests of one scan over all channels: (time_us, rssi_dbm, channel, frame)."""
    address = phone.address or random_address(draw)
    sequence = draw.randrange(4096)
    for channel in CHANNELS:
        for _ in range(draw.choice((1, 2))):
            time_us += draw.randrange(1_000, CHANNEL_DWELL_US // 2)
            rssi_dbm = max(-100, min(-25, round(draw.gauss(phone.rssi_dbm, 3))))
            header = b"\x40\0\0\0" + b"\xff" * 6 + address + b"\xff" * 6
            frame = header + (sequence << 4).to_bytes(2, "little") + phone.elements(channel)
            sequence = (sequence + 1) % 4096
            yield time_us, rssi_dbm, channel, frame


def beacons(crowd: Crowd) -> Iterator[tuple[int, int, int, bytes]]:
    """Give the beacons of one access point on channel 6 (IEEE 802.11-2020, 9.3.3.2)."""
    address = b"\x02\0\0\0\0\1"
    body = (
        bytes(8)
        + struct.pack("<HH", 100, 0x0421)
        + element(0, b"made up")
        + element(1, bytes((2, 4, 11, 22)))
    )
    for number in range(crowd.duration_s // BEACON_EVERY_S):
        sequence = (number % 4096 << 4).to_bytes(2, "little")
        frame = b"\x80\0\0\0" + b"\xff" * 6 + address + address + sequence + body
        yield (crowd.start_s + number * BEACON_EVERY_S) * 1_000_000, -55, 6, frame


def arrivals(crowd: Crowd, draw: random.Random) -> Iterator[tuple[int, Phone]]:
    """Give (arrival in µs, phone) in time order: a Poisson process whose rate follows the hours."""
    models = [model(index) for index in range(MODELS)]
    popularity = [1 / (rank + 4) for rank in range(MODELS)]
    peak = max(crowd.by_hour) * crowd.people / crowd.stay_s
    # Who is there at the start came before it.
    time_s = crowd.start_s - 3 * crowd.stay_s
    while peak > 0:
        time_s += draw.expovariate(peak)
        if time_s >= crowd.start_s + crowd.duration_s:
            return
        hour_share = crowd.by_hour[int(time_s) // 3600 % 24] / max(crowd.by_hour)
        leave_s = time_s + draw.expovariate(1 / crowd.stay_s)
        if draw.random() >= hour_share or leave_s <= crowd.start_s:
            continue
        connected = draw.random() < crowd.connected_share
        phone = Phone(
            elements=draw.choices(models, popularity)[0],
            address=random_address(draw) if connected else b"",
            rssi_dbm=-45 - 30 * math.sqrt(draw.random()),
            leave_us=round(leave_s * 1e6),
        )
        yield round(max(time_s, crowd.start_s) * 1e6), phone


def play(crowd: Crowd) -> tuple[Iterator[tuple[int, int, int, bytes]], list[tuple[int, int]]]:
    """Return the frames in time order, and the heads: (Unix s, people from then on)."""
    draw = random.Random(f"crowd {crowd.seed}")
    come = list(arrivals(crowd, draw))
    end_us = (crowd.start_s + crowd.duration_s) * 1_000_000
    frames = heapq.merge(_scans(crowd, come, end_us, draw), beacons(crowd), key=lambda frame: frame[0])
    return frames, _heads(crowd, come, end_us)


def _scans(
    crowd: Crowd, come: list[tuple[int, Phone]], end_us: int, draw: random.Random
) -> Iterator[tuple[int, int, int, bytes]]:
    order = iter(range(1 << 62))  # breaks ties, so that the heap never compares phones
    scans: list[tuple[int, int, Phone]] = []
    for arrive_us, phone in come:
        first_us = arrive_us + round(draw.expovariate(1 / crowd.scan_s) * 1e6)
        scans.append((first_us, next(order), phone))
    heapq.heapify(scans)
    waiting: list[tuple[int, int, tuple[int, int, int, bytes]]] = []
    while scans:
        time_us, _, phone = heapq.heappop(scans)
        while waiting and waiting[0][0] <= time_us:
            yield heapq.heappop(waiting)[2]
        if time_us >= min(phone.leave_us, end_us):
            continue
        for frame in scan(phone, time_us, draw):
            if frame[0] < end_us:
                heapq.heappush(waiting, (frame[0], next(order), frame))
        again_us = time_us + 1_000_000 + round(draw.expovariate(1 / crowd.scan_s) * 1e6)
        heapq.heappush(scans, (again_us, next(order), phone))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _heads(crowd: Crowd, come: list[tuple[int, Phone]], end_us: int) -> list[tuple[int, int]]:
    changes = [(arrive_us // 1_000_000, 1) for arrive_us, _ in come]
    changes += [(phone.leave_us // 1_000_000, -1) for _, phone in come if phone.leave_us < end_us]
    heads = {crowd.start_s: 0}
    people = 0
    for time_s, change in sorted(changes):
        people += change
        heads[time_s] = people
    return sorted(heads.items())


def mean_heads(heads: list[tuple[int, int]], start_s: int, duration_s: int) -> float:
    """Return how many people were there on average in start_s <= t < start_s + duration_s."""
    total, end_s = 0, start_s + duration_s
    for (from_s, people), (until_s, _) in zip(heads, [*heads[1:], (end_s, 0)], strict=True):
        total += people * max(0, min(until_s, end_s) - max(from_s, start_s))
    return total / duration_s


def write_capture(crowd: Crowd, capture: Path, heads: Path) -> int:
    """Write the pcap and the heads (CSV unix_s,people: one line per change); return the frames.

    Both appear whole or not at all.
    """
    frames, people = play(crowd)
    lines = "".join(f"{time_s},{count}\n" for time_s, count in people)
    with tempfile.TemporaryDirectory(dir=capture.parent, prefix=".phones-") as folder:
        with open(os.path.join(folder, "capture"), "wb", buffering=1 << 20) as file:
            count = write_pcap(file, frames)
        Path(folder, "heads").write_text("unix_s,people\n" + lines, encoding="ascii")
        os.replace(os.path.join(folder, "capture"), capture)
        os.replace(os.path.join(folder, "heads"), heads)
    return count
