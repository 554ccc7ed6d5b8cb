"""What counting addresses would have said: the rule of the best-known open counter, for comparison.

It reads addresses, which nothing of Torgpuls does outside the C sniffer; so it sees only the
capture file, never a node.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from torgpuls.simulator.captures.timeline import Reading, read_captures

# The trace that every capture is converted to; firmware/sniffer/port_host.c draws it.
TRACE_HEAD = struct.Struct("<8sQQ8x")
RECORD_HEAD = struct.Struct("<IHbB")  # µs since the record before, frame size, dBm, channel
PROBE_REQUEST = 0x40  # first byte of the frame: type management, subtype 4
LOCAL, GROUP = 2, 1  # bits of an address's first byte
SENDER = slice(10, 16)


def counts(capture: Path, window_s: int) -> dict[int, int]:
    """Return {window start in Unix s: distinct last 16 bits of local sender addresses in it}.

    Windows without any are left out. Raises CaptureError.
    """
    seen: dict[int, set[bytes]] = {}
    with read_captures([capture], Reading()).trace() as trace:
        trace.seek(0)
        content = trace.read()
    for time_us, frame in _frames(content):
        sender = frame[SENDER]
        if len(sender) == 6 and frame[0] == PROBE_REQUEST and sender[0] & (LOCAL | GROUP) == LOCAL:
            start_s = time_us // 1_000_000 // window_s * window_s
            seen.setdefault(start_s, set()).add(sender[4:])
    return {start_s: len(endings) for start_s, endings in seen.items()}


def _frames(trace: bytes) -> Iterator[tuple[int, bytes]]:
    _magic, time_us, _seed = TRACE_HEAD.unpack_from(trace)
    at = TRACE_HEAD.size
    while at < len(trace):
        delta_us, size, _rssi, _channel = RECORD_HEAD.unpack_from(trace, at)
        at += RECORD_HEAD.size
        time_us += delta_us
        if size:
            yield time_us, trace[at : at + size]
        at += size
