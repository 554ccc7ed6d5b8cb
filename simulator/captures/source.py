"""A capture file's bytes, unpacked if they are gzip, and which format they are."""

from __future__ import annotations

import contextlib
import gzip
import mmap
import zlib
from collections.abc import Iterator
from pathlib import Path

from .errors import CaptureError

PCAP_MAGICS = {bytes.fromhex(text) for text in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1")}
PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
TRACE_MAGIC = b"TPTRACE1"
GZIP_MAGIC = b"\x1f\x8b"
READS = "pcap, pcapng, the CSV of the published data sets, or a trace"


@contextlib.contextmanager
def content_of(path: Path) -> Iterator[mmap.mmap | bytes]:
    """Give the whole unpacked content for the time of the block. Raises CaptureError."""
    name = str(path)
    if path.is_dir():
        raise CaptureError(name, "is a folder: name the capture files in it")
    if path.is_char_device():  # some never end
        raise CaptureError(name, "is a device: name a capture file")
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise CaptureError(name, "there is no such file: check the path") from None
    except OSError as error:
        raise CaptureError(name, f"cannot be read: {error.strerror}") from None
    with file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # empty, a pipe, or a file system that maps nothing
            content = file.read()
            if not content:
                raise CaptureError(name, "is empty: capture or copy it again") from None
            yield _unpacked(name, content)
            return
        with mapped:
            if mapped[:2] == GZIP_MAGIC:
                yield _unpacked(name, bytes(mapped))
            else:
                yield mapped


def _unpacked(name: str, content: bytes) -> bytes:
    if content[:2] != GZIP_MAGIC:
        return content
    try:
        unpacked = gzip.decompress(content)
    except EOFError:
        raise CaptureError(name, "the gzip file ends too early: it was cut, copy it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise CaptureError(name, f"the gzip file is damaged ({error}): copy it again") from None
    if not unpacked:
        raise CaptureError(name, "is empty inside its gzip: capture or copy it again")
    return unpacked


def kind_of(name: str, content: mmap.mmap | bytes) -> str:
    """Return "pcap", "pcapng", "trace" or "table" by the first bytes. Raises CaptureError."""
    if content[:4] in PCAP_MAGICS:
        return "pcap"
    if content[:4] == PCAPNG_MAGIC:
        return "pcapng"
    if content[:8] == TRACE_MAGIC:
        return "trace"
    first_line = content[:4096].split(b"\n")[0]
    if b"," in first_line and all(32 <= byte < 127 or byte in b"\r\t" for byte in first_line):
        return "table"
    if name.endswith(".gz"):
        raise CaptureError(name, f"is named .gz but is not gzip, nor {READS}: copy it again")
    if len(content) < 24 and any(magic.startswith(content[:4]) for magic in (*PCAP_MAGICS, PCAPNG_MAGIC)):
        raise CaptureError(name, "ends inside its first bytes: the capture was cut, copy it again")
    raise CaptureError(name, f"is no capture that can be read: it must be {READS} (each also as .gz)")
