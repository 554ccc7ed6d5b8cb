"""How fast a day is replayed from a trace, with a table of where the time goes; conversion apart.

    python bench/replay_speed.py

A day at 10 frames a second (864,000 probe requests of made-up phones, about 144 bytes each) as pcap,
pcapng and CSV in memory; CPU time of one core, the best of three. Ends with 1 when a floor is missed.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from torgpuls.simulator import interpreter, phones, radio
from torgpuls.simulator.captures.pcap_file import write_pcap
from torgpuls.simulator.captures.timeline import Reading, Timeline

DAY_S = 86400
FRAMES_PER_S = 10
START_S = 1_700_006_400  # midnight UTC
SETTINGS = {"place": "bench", "channels": [1], "dwell_ms": 10000}
REPEATS = 3
REPLAY_FLOOR_S = 1.0
CONVERSION_FLOOR_PER_S = 500_000
COLUMNS = "ts_us,mac,rssi,freq,seq,frag,fc1,len,ie,fixed,occ\n"

Frame = tuple[int, int, int, bytes]


def main() -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    frames = list(made_up(DAY_S * FRAMES_PER_S))
    missed = False
    print(
        f"{'conversion of ' + format(len(frames), ',') + ' frames, in memory':46}{'CPU s':>8}{'frames/s':>12}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents(frames, Path(folder)):
            path = Path(folder) / name
            cpu_s, timeline = best(lambda path=path, content=content: converted(path, content))
            assert timeline.count == len(frames)
            missed |= len(frames) / cpu_s < CONVERSION_FLOOR_PER_S
            print(f"  {name:44}{cpu_s:>8.3f}{len(frames) / cpu_s:>12,.0f}")
    trace = timeline.trace(key_seed=1)
    whole_s, parts = best(lambda: replayed(trace))
    missed |= whole_s >= REPLAY_FLOOR_S
    print(f"\n{'replay of the trace, a day of one node':46}{'CPU s':>8}{'share':>12}")
    for name, part_s in parts.items():
        print(f"  {name:44}{part_s:>8.3f}{part_s / whole_s:>11.0%}")
    print(f"  {'whole':44}{whole_s:>8.3f}{1:>11.0%}")
    print(f"\nfloors: a day below {REPLAY_FLOOR_S} s, conversion {CONVERSION_FLOOR_PER_S:,} frames/s")
    if missed:
        print("replay_speed: a floor was missed", file=sys.stderr)
    return int(missed)


def made_up(count: int) -> Any:
    """Give `count` probe requests at an even pace: (time_us, rssi_dbm, channel, frame)."""
    draw = random.Random(3)
    bodies = [phones.model(index)(1) for index in range(phones.MODELS)]
    address = b""
    for number in range(count):
        if number % 12 == 0:
            address, body = phones.random_address(draw), draw.choice(bodies)
        header = b"\x40\0\0\0" + b"\xff" * 6 + address + b"\xff" * 6 + struct.pack("<H", number % 4096 << 4)
        time_us = START_S * 1_000_000 + number * 1_000_000 // FRAMES_PER_S
        yield time_us, -40 - number % 50, 1, header + body


def contents(frames: list[Frame], folder: Path) -> Any:
    """Give (name, bytes) of the same frames in each format; the CSV's dictionary goes to `folder`."""
    file = io.BytesIO()
    write_pcap(file, frames)
    pcap = file.getvalue()
    yield "pcap", pcap
    yield "pcapng", as_pcapng(pcap)
    keys: dict[bytes, int] = {}
    lines = [COLUMNS]
    for time_us, rssi_dbm, _, frame in frames:
        key = keys.setdefault(frame[24:], len(keys))
        sequence = frame[22] | frame[23] << 8
        lines.append(
            f"{time_us},{frame[10:16].hex()},{rssi_dbm},2412,{sequence >> 4},0,0,{len(frame)},{key},0,\n"
        )
    rows = "".join(f"{key},{body.hex()}\n" for body, key in keys.items())
    (folder / "ie_dict.csv").write_text("ie,hex\n" + rows)
    yield "CSV", "".join(lines).encode()


def as_pcapng(pcap: bytes) -> bytes:
    """Return a little-endian pcap as pcapng, packet by packet."""
    pieces = [
        struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28),
        struct.pack("<IIHHII", 1, 20, 127, 0, 0, 20),
    ]
    at = 24
    while at < len(pcap):
        seconds, fraction, captured, on_air = struct.unpack_from("<IIII", pcap, at)
        ticks = seconds * 1_000_000 + fraction
        size = 32 + captured + -captured % 4
        pieces.append(struct.pack("<IIIIIII", 6, size, 0, ticks >> 32, ticks & 0xFFFFFFFF, captured, on_air))
        pieces.append(pcap[at + 16 : at + 16 + captured] + bytes(-captured % 4) + struct.pack("<I", size))
        at += 16 + captured
    return b"".join(pieces)


def best(measure: Callable[[], tuple[float, Any]]) -> tuple[float, Any]:
    """Return what the quickest of REPEATS runs returned."""
    return min((measure() for _ in range(REPEATS)), key=lambda measured: measured[0])


def converted(path: Path, content: bytes) -> tuple[float, Timeline]:
    """Return (CPU seconds from the capture's bytes to the trace, the timeline)."""
    began_s = time.process_time()
    timeline = Timeline(Reading())
    timeline.add_content(path, content)
    timeline.trace(key_seed=1).close()
    return time.process_time() - began_s, timeline


class TimedSniffer:
    """The sniffer's module, with the CPU time that its calls take."""

    def __init__(self, module: Any):
        self._module = module
        self.listening_s = self.closing_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def listen(self, channel: int, ms: int) -> int:
        began_s = time.process_time()
        tallied: int = self._module.listen(channel, ms)
        self.listening_s += time.process_time() - began_s
        return tallied

    def close_window(self, counts: Any) -> None:
        began_s = time.process_time()
        self._module.close_window(counts)
        self.closing_s += time.process_time() - began_s


def replayed(trace: BinaryIO) -> tuple[float, dict[str, float]]:
    """Return (CPU seconds of the whole day, the same by part)."""
    reports: list[dict[str, Any]] = []
    module, timed = radio.sniffer, TimedSniffer(radio.sniffer)
    radio.sniffer = timed
    try:
        began_s = time.process_time()
        plan = interpreter.Plan([(START_S * 1000, (START_S + DAY_S) * 1000)], SETTINGS)
        interpreter.play_on("cpython", trace, plan, reports.append)
        whole_s = time.process_time() - began_s
    finally:
        radio.sniffer = module
    assert len(reports) == DAY_S // 300
    return whole_s, {
        "C: read the trace, hash, tally": timed.listening_s,
        "C: close the window": timed.closing_s,
        "Python: the node, its world and its reports": whole_s - timed.listening_s - timed.closing_s,
    }


if __name__ == "__main__":
    sys.exit(main())
