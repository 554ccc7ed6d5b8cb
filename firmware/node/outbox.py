"""Reports waiting in raw flash: a ring of checksummed slots, safe at any power cut.

One sector of 4096 bytes, 32 slots of 128 bytes:

    0         128       256              3968             4096
    +---------+---------+-- … -----------+----------------+
    | report  | report  | 31 in all      | closing record |
    +---------+---------+-- … -----------+----------------+

A report is report.py's slot. Its first byte is the state, and bits only fall:
0xFF unsent; a zero among the low four bits: sent; a zero among the high four: refused.
A closing record, little endian, is written when its sector is full and the next one, the
oldest, is about to be erased; so what that erase discards is counted before it is gone:

    0       1        2       4                  8                12                  124     128
    +-------+--------+-------+------------------+----------------+-------------------+-------+
    | ones  | layout | zeros | seq of the report| discarded_full | discarded_refused | CRC32 |
    |       |        |       | before it        |                | zeros to 123      |       |
    +-------+--------+-------+------------------+----------------+-------------------+-------+

The newest report is the last window ever reported; no erase reaches it. A sector behind a
closing record is dead whatever lies in it, until it begins with a newer report.
Capacity: 31 reports for each sector but one; 73 sectors (300 kB) keep 2232, a week needs 2016.
Wear: one erase in 31 windows. With windows of 5 minutes that is 9.3 erases a day over all
sectors; with 73 of them each is erased every 7.9 days, and flash takes 100,000 erases.
"""

import struct

from . import report
from .errors import FlashError

SLOTS = 32  # in one sector
SENT = 0xF0
REFUSED = 0x0F
CLOSING_LAYOUT = 0xC1
CLOSING = "<BBHIII108xI"
_BLANK_SLOT = b"\xff" * report.SLOT_SIZE
_TRIES = 3  # slots that may fail in a row before flash counts as broken

_BLANK = 0
_REPORT = 1
_CLOSING = 2
_JUNK = 3


class Outbox:
    """The ring, and what recovery found in it. Positions are slot numbers in the flash.

    unsent: reports waiting. discarded_full, discarded_refused: reports given up, by cause,
    since report 0. last_seq (-1: none yet), last_start_s, last_window_s, gap_windows_total:
    of the newest report. slot: the bytes that next_unsent() read last.
    """

    def __init__(self, flash):
        """Recover: read every slot once, finish what a power cut interrupted.

        Raises FlashError when the partition is not at least three whole sectors.
        """
        if flash.size < 3 * flash.sector_size or flash.size % flash.sector_size:
            raise FlashError("the outbox needs at least three whole sectors")
        self._flash = flash
        self._sectors = flash.size // flash.sector_size
        self.slot = bytearray(report.SLOT_SIZE)
        self.unsent = 0
        self.discarded_full = 0
        self.last_seq = -1
        self.last_start_s = 0
        self.last_window_s = 0
        self.gap_windows_total = 0
        self._refused_erased = 0
        self._refused_kept = 0  # refused reports that still lie in flash
        self._next = 0  # where the next report goes; on a closing slot: the sector is full
        self._oldest = 0  # no unsent report is older than the one here
        self._closed = False  # the closing record of the full sector is written
        self._recover()

    @property
    def discarded_refused(self) -> int:
        return self._refused_erased + self._refused_kept

    def put(self, slot) -> None:
        """Keep a report (SLOT_SIZE bytes, from report.pack). When this returns it is kept.

        A full outbox discards its oldest sector for it. Raises FlashError when flash does not
        take it.
        """
        for _ in range(_TRIES):
            self._make_room()
            at = self._next
            self._flash.program(at * report.SLOT_SIZE, slot)
            self._next = at + 1
            if self._read(at) == _REPORT and self.slot == slot:
                self.unsent += 1
                self._remember_newest()
                return
        raise FlashError("the outbox's flash does not keep what is written")

    def next_unsent(self, after: int = -1) -> int:
        """Return the position of the oldest unsent report behind `after`, -1 if there is none.

        after: a position that this returned, or -1 to begin with the oldest. `slot` holds
        the report's bytes until the next call of any method.
        """
        at = self._oldest if after < 0 else self._following(after)
        while at != self._next:
            if self._read(at) == _REPORT and self.slot[0] == report.STATE_UNSENT:
                return at
            if at == self._oldest:
                self._oldest = self._following(at)
            at = self._following(at)
        return -1

    def mark(self, at: int, state: int) -> None:
        """Say that the unsent report at `at` is SENT, or REFUSED for good. Raises FlashError."""
        self._flash.program(at * report.SLOT_SIZE, bytes((state,)))
        self.unsent -= 1
        if state == REFUSED:
            self._refused_kept += 1

    def _make_room(self) -> None:
        """Make sure that a slot is free, discarding the oldest sector's reports if need be."""
        if self._next % SLOTS == SLOTS - 1:
            if not self._closed:
                self._close()
            self._open_following()

    def _following(self, at: int) -> int:
        return (at + 1) % (self._sectors * SLOTS)

    def _read(self, at: int) -> int:
        """Fill `slot` from a position; return what lies there."""
        slot = self.slot
        self._flash.read(at * report.SLOT_SIZE, slot)
        if slot == _BLANK_SLOT:
            return _BLANK
        if not report.crc_holds(slot):
            return _JUNK
        return _REPORT if slot[1] == report.LAYOUT else _CLOSING if slot[1] == CLOSING_LAYOUT else _JUNK

    def _remember_newest(self) -> None:
        self.last_seq = report.number(self.slot, "seq")
        self.last_start_s = report.number(self.slot, "window_start_s")
        self.last_window_s = report.number(self.slot, "window_s")
        self.gap_windows_total = report.number(self.slot, "gap_windows_total")

    def _doomed(self) -> tuple:
        """Return how many (unsent, refused) reports lie in the sector to be erased next."""
        unsent = refused = 0
        first = self._following(self._next | (SLOTS - 1))
        for at in range(first, first + SLOTS):
            if self._read(at) == _REPORT:
                unsent += self.slot[0] == report.STATE_UNSENT
                refused += _is_refused(self.slot[0])
        return unsent, refused

    def _close(self) -> None:
        """Write the closing record: what the coming erase discards is counted from here on."""
        unsent, refused = self._doomed()
        full = self.discarded_full + unsent
        erased = self._refused_erased + refused
        record = bytearray(report.SLOT_SIZE)
        struct.pack_into(CLOSING, record, 0, 0xFF, CLOSING_LAYOUT, 0, self.last_seq, full, erased, 0)
        struct.pack_into("<I", record, 124, report.crc(record))
        # After a torn write this writes the same bytes again, which completes them.
        self._flash.program(self._next * report.SLOT_SIZE, record)
        self._closed = True
        self.discarded_full = full
        self._refused_erased = erased
        self._refused_kept -= refused
        self.unsent -= unsent

    def _open_following(self) -> None:
        first = self._following(self._next)
        # Before the erase, which may fail: what lies there is given up and no longer offered.
        if self._oldest // SLOTS == first // SLOTS:
            self._oldest = (first + SLOTS) % (self._sectors * SLOTS)
        self._flash.erase(first * report.SLOT_SIZE)
        self._next = first
        self._closed = False

    def _recover(self) -> None:
        newest = oldest = -1
        oldest_seq = closed_seq = -1
        for at in range(self._sectors * SLOTS):
            kind = self._read(at)
            if kind == _REPORT:
                seq = report.number(self.slot, "seq")
                if seq > self.last_seq:
                    newest = at
                    self._remember_newest()
                if self.slot[0] == report.STATE_UNSENT:
                    self.unsent += 1
                    if oldest < 0 or seq < oldest_seq:
                        oldest, oldest_seq = at, seq
                self._refused_kept += _is_refused(self.slot[0])
            elif kind == _CLOSING:
                seq, full, erased = struct.unpack_from("<III", self.slot, 4)
                if seq > closed_seq:
                    closed_seq, self.discarded_full, self._refused_erased = seq, full, erased
        if newest < 0:
            self._flash.erase(0)
            return
        end = newest | (SLOTS - 1)
        self._next = end
        while self._next > newest + 1 and self._read(self._next - 1) == _BLANK:
            self._next -= 1
        self._oldest = self._next if oldest < 0 else oldest
        kind = self._read(end)
        if kind == _BLANK:
            return
        self._next = end
        if kind == _CLOSING:
            unsent, refused = self._doomed()
            self.unsent -= unsent
            self._refused_kept -= refused
            self._closed = True
        self._make_room()


def _is_refused(state: int) -> bool:
    return state & 0xF0 != 0xF0
