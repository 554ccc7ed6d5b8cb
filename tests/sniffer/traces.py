"""Traces for port_host.c, written by the drawing at its top."""

import struct
from collections.abc import Iterable
from pathlib import Path

START_US = 1_700_000_000_000_000


def record(delta_us: int, frame: bytes, rssi_dbm: int = -60, channel: int = 0) -> bytes:
    return struct.pack("<IHbB", delta_us, len(frame), rssi_dbm, channel) + frame


def trace(records: Iterable[bytes], key_seed: int = 0, start_us: int = START_US) -> bytes:
    return b"TPTRACE1" + struct.pack("<QQQ", start_us, key_seed, 0) + b"".join(records)


def written(path: Path, records: Iterable[bytes], key_seed: int = 0) -> Path:
    path.write_bytes(trace(records, key_seed))
    return path
