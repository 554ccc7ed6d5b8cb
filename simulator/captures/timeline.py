"""Captures of any format on one timeline, and the trace of it that the simulated radio plays."""

from __future__ import annotations

import bisect
import mmap
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .dictionary import Dictionary, dictionary_beside
from .errors import CaptureError
from .library import constants, interface, library
from .problems import explain, left_out_text
from .source import content_of, kind_of
from .table import header_of

SILENCE_LIMIT_S = 3600  # no frame at all for longer: nobody listened
_ROW_SIZE = 24  # struct frame_row


@dataclass(frozen=True)
class Reading:
    """How captures are read.

    as_recorded: hear every frame whatever channel the node listens to; otherwise the node's
    hopping is obeyed, `channel_offset` is added to each recorded channel, and frames of other
    bands are left out. keep_fixed: keep the frames that a CSV marks as the room's own computers.
    """

    as_recorded: bool = True
    channel_offset: int = 0
    keep_fixed: bool = False


@dataclass(frozen=True)
class Span:
    """A stretch of time in which one capture was being recorded, in Unix microseconds."""

    first_us: int
    last_us: int


class Timeline:
    """Frames of captures in time order. Memory only; the captures stay as they are.

    count: frames kept. left_out: frames left out, by reason (see problems.LEFT_OUT). spans: when
    each capture was being recorded, in the order in which they were added.
    """

    def __init__(self, reading: Reading = Reading()):
        self.spans: list[Span] = []
        self.count = 0
        self.left_out: dict[str, int] = {}
        self._reading = reading
        self._bytes = bytearray()
        self._rows = bytearray()
        self._row_count = 0
        self._dictionaries: dict[Path, Dictionary] = {}
        self._sorted = True

    def add(self, path: Path) -> int:
        """Read one capture; return how many of its frames were kept. Raises CaptureError."""
        with content_of(path) as content:
            return self.add_content(path, content)

    def add_content(self, path: Path, content: mmap.mmap | bytes) -> int:
        """The same for content that is in memory already; `path` names it and finds its dictionary."""
        ffi, size = interface(), len(content)
        kind = kind_of(str(path), content)
        frames, problem = ffi.new("struct frames *"), ffi.new("struct problem *")
        how = ffi.new("struct reading *")
        how.as_recorded, how.keep_fixed = self._reading.as_recorded, self._reading.keep_fixed
        how.channel_offset = self._reading.channel_offset
        with ffi.from_buffer("uint8_t[]", content) as data:
            read = self._reader(kind, path, content, data, size)
            if read(how, frames, problem) < 0:
                raise CaptureError(str(path), explain(kind, problem))
            added, added_bytes = frames.count, frames.used
            start, start_bytes = self._row_count, len(self._bytes)
            self._bytes.extend(bytes(added_bytes))
            self._rows.extend(bytes(added * _ROW_SIZE))
            frames = ffi.new("struct frames *")
            with (
                ffi.from_buffer("uint8_t[]", self._bytes, require_writable=True) as room,
                ffi.from_buffer("struct frame_row[]", self._rows, require_writable=True) as rows,
            ):
                frames.bytes, frames.room, frames.used = room, start_bytes + added_bytes, start_bytes
                frames.rows, frames.rows_room = rows + start, added
                if read(how, frames, problem) < 0:
                    raise CaptureError(str(path), explain(kind, problem))
                self._note_spans(rows + start, added)
        for reason, number in constants("LEFT_").items():
            if reason != "size" and frames.left_out[number]:
                self.left_out[reason] = self.left_out.get(reason, 0) + frames.left_out[number]
        self._sorted = start == 0
        self._row_count += added
        self.count += frames.kept
        return int(frames.kept)

    def _reader(self, kind: str, path: Path, content: mmap.mmap | bytes, data: Any, size: int) -> Any:
        if kind == "table":
            header = header_of(str(path), content)
            dictionary = self._dictionaries.get(path.parent)
            if dictionary is None:
                dictionary = self._dictionaries[path.parent] = dictionary_beside(path)
            bodies = dictionary.as_c()
            return lambda how, frames, problem: library().table_read(
                data + header.size, size - header.size, header.roles, len(header.roles),
                bodies, how, frames, problem,
            )  # fmt: skip
        read = {"pcap": library().pcap_read, "pcapng": library().pcapng_read, "trace": library().trace_read}
        return lambda how, frames, problem: read[kind](data, size, how, frames, problem)

    def _note_spans(self, rows: Any, count: int) -> None:
        library().rows_sort(rows, count)
        silence_us = SILENCE_LIMIT_S * 1_000_000
        found = library().rows_spans(rows, count, silence_us, interface().NULL, 0)
        spans = interface().new("int64_t[]", 2 * found)
        library().rows_spans(rows, count, silence_us, spans, found)
        self.spans += [Span(spans[2 * index], spans[2 * index + 1]) for index in range(found)]

    @contextmanager
    def _sorted_rows(self) -> Iterator[Any]:
        with interface().from_buffer("struct frame_row[]", self._rows, require_writable=True) as rows:
            if not self._sorted:
                library().rows_sort(rows, self._row_count)
                self._sorted = True
            yield rows

    def listened(self, join_us: int) -> list[Span]:
        """Return the captures' spans in time order, joined when less than `join_us` apart."""
        joined: list[Span] = []
        for span in sorted(self.spans, key=lambda span: span.first_us):
            if joined and span.first_us - joined[-1].last_us < join_us:
                joined[-1] = Span(joined[-1].first_us, max(joined[-1].last_us, span.last_us))
            else:
                joined.append(span)
        return joined

    def _between(self, rows: Any, first_us: int, end_us: int | None) -> range:
        """Return the indices of the sorted rows in first_us <= t < end_us (None: to the end)."""
        start = bisect.bisect_left(range(self._row_count), first_us, key=lambda i: rows[i].time_us)
        if end_us is None:
            return range(start, self._row_count)
        return range(start, bisect.bisect_left(range(self._row_count), end_us, key=lambda i: rows[i].time_us))

    def frames(self, first_us: int = 0, end_us: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Give (Unix µs, frame) in time order: for comparison with other ways to count."""
        with self._sorted_rows() as rows:
            for index in self._between(rows, first_us, end_us):
                row = rows[index]
                if row.size == 0:
                    continue
                yield row.time_us, bytes(self._bytes[row.offset : row.offset + row.size])

    def trace(
        self, key_seed: int = 0, shift_us: int = 0, first_us: int = 0, end_us: int | None = None
    ) -> BinaryIO:
        """Return an unlinked file with the trace of the frames in first_us <= t < end_us.

        Times are moved by `shift_us`. key_seed 0: the sniffer draws its keys; else they follow
        from the seed. The file has no name, so closing it is the end of it.
        """
        with self._sorted_rows() as rows:
            kept = self._between(rows, first_us, end_us)
            start, count = kept.start, len(kept)
            start_us = rows[start].time_us if count else first_us
            size = library().trace_size(rows + start, count, start_us)
            file = unnamed_file()
            file.truncate(size)
            with (
                mmap.mmap(file.fileno(), size) as memory,
                interface().from_buffer("uint8_t[]", memory, require_writable=True) as out,
                interface().from_buffer("uint8_t[]", self._bytes) as frames,
            ):
                library().trace_write(rows + start, count, frames, start_us, shift_us, key_seed, out, size)
        return file


def unnamed_file() -> BinaryIO:
    """Return a file that no path leads to: in memory where the system can, else unlinked."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("trace"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def read_captures(
    paths: Sequence[Path], reading: Reading, each: Callable[[Path], None] = lambda path: None
) -> Timeline:
    """Read all of them; `each` hears about every capture when it is done. Raises CaptureError,
    also for a capture of which no frame can be used."""
    timeline = Timeline(reading)
    for path in paths:
        before = dict(timeline.left_out)
        if timeline.add(path) == 0:
            fresh = {reason: number - before.get(reason, 0) for reason, number in timeline.left_out.items()}
            raise CaptureError(str(path), f"has no frame that can be played{left_out_text(fresh)}")
        each(path)
    return timeline
