"""Captures and traces byte by byte, written from the formats' documents and not with our code."""

import math
import struct
import zlib

PROBE = bytes.fromhex(
    "40000000ffffffffffff020102030405ffffffffffff1032"  # IEEE 802.11-2020, 9.3.3.9
    "0000010402040b16030101"
)
START_S = 1_700_000_000


def radiotap(rssi_dbm: int | None = -60, mhz: int = 2412, flags: int | None = 0) -> bytes:
    """One present word; flags at 8, channel on 2, signal behind."""
    present, fields = 0, b""
    if flags is not None:
        present, fields = present | 1 << 1, fields + struct.pack("<B", flags)
    if mhz:
        fields += b"\0" * (len(fields) % 2)
        present, fields = present | 1 << 3, fields + struct.pack("<HH", mhz, 0xA0)
    if rssi_dbm is not None:
        present, fields = present | 1 << 5, fields + struct.pack("<b", rssi_dbm)
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields


def with_fcs(frame: bytes) -> bytes:
    return frame + struct.pack("<I", zlib.crc32(frame))


def pcap(packets: list[tuple[float, bytes]], order: str = "<", nano: bool = False, link: int = 127) -> bytes:
    """`packets`: (seconds after START_S, bytes)."""
    content = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for after_s, packet in packets:
        fraction = round(after_s % 1 * (1e9 if nano else 1e6))
        content += (
            struct.pack(order + "IIII", START_S + math.floor(after_s), fraction, len(packet), len(packet))
            + packet
        )
    return content


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = 127, order: str = "<", options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def packet(number: int, ticks: int, content: bytes, order: str = "<") -> bytes:
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(content), len(content))
    return block(6, head + content, order)


def records(trace: bytes) -> list[tuple[int, int, int, bytes]]:
    """Return (Unix µs, rssi, channel, frame) of each record that is not only a move."""
    magic, time_us, _seed, zeros = struct.unpack_from("<8sQQQ", trace)
    assert magic == b"TPTRACE1" and zeros == 0
    found, at = [], 32
    while at < len(trace):
        delta_us, size, rssi_dbm, channel = struct.unpack_from("<IHbB", trace, at)
        assert size or delta_us or at == 32
        time_us += delta_us
        if size:
            found.append((time_us, rssi_dbm, channel, trace[at + 8 : at + 8 + size]))
        at += 8 + size
    assert at == len(trace)
    return found
