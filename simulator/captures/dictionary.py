"""The frame bodies that a CSV capture names by key: ie_dict.csv(.gz) in the same folder."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

from .errors import CaptureError
from .library import interface
from .source import content_of

NAMES = ("ie_dict.csv.gz", "ie_dict.csv")
KEYS_MAX = 1 << 22
BODY_MAX = 0xFFFE  # 0xffff says that there is no such key


class Dictionary:
    """All bodies in one block of bytes, found by key in constant time."""

    def __init__(self, bodies: dict[int, bytes]):
        self.keys = max(bodies, default=-1) + 1
        offsets, sizes, position = array("Q", bytes(8 * self.keys)), array("H", b"\xff\xff" * self.keys), 0
        for key, body in bodies.items():
            offsets[key], sizes[key] = position, len(body)
            position += len(body)
        self._held = (b"".join(bodies.values()) or b"\0", offsets, sizes)

    def as_c(self) -> Any:
        """Return a `struct dictionary`; it is valid as long as this object lives."""
        ffi = interface()
        pointers = [
            ffi.from_buffer(kind, memory)
            for kind, memory in zip(("uint8_t[]", "uint64_t[]", "uint16_t[]"), self._held, strict=True)
        ]
        self._pointers = pointers
        struct = ffi.new("struct dictionary *")
        struct.bytes, struct.offset, struct.size = pointers
        struct.keys = self.keys
        return struct


def dictionary_beside(capture: Path) -> Dictionary:
    """Load the dictionary in the capture's folder. Raises CaptureError that names what is wrong."""
    for name in NAMES:
        path = capture.with_name(name)
        if path.exists():
            return load(path)
    raise CaptureError(
        str(capture), f"the CSV names frame bodies by key, but {NAMES[0]} is not in its folder"
    )


def load(path: Path) -> Dictionary:
    """Read `ie,hex` lines. Raises CaptureError."""
    name = str(path)
    with content_of(path) as content:
        lines = bytes(content).split(b"\n")
    if lines[0].strip() != b"ie,hex":
        raise CaptureError(
            name, "its first line is not ie,hex: take the dictionary of the published data set"
        )
    if lines[-1].strip():
        raise CaptureError(name, "the last line is not complete: the file was cut, copy it again")
    bodies = {}
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            try:
                key, body = _entry(line.strip())
            except ValueError as error:
                raise CaptureError(name, f"line {number} {error}: copy the dictionary again") from None
            bodies[key] = body
    return Dictionary(bodies)


def _entry(line: bytes) -> tuple[int, bytes]:
    """Return (key, body). Raises ValueError with what is wrong about the line."""
    key_text, comma, body_text = line.partition(b",")
    if not comma:
        raise ValueError("has no comma")
    try:
        key, body = int(key_text), bytes.fromhex(body_text.decode("ascii"))
    except ValueError:
        raise ValueError("is not a number and hex digits") from None
    if not 0 <= key < KEYS_MAX or len(body) > BODY_MAX:
        raise ValueError("has a key or a body that is too large")
    return key, body
