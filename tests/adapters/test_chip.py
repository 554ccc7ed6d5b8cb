"""Flash, clock, uptime and randomness, over made-up silicon."""

import os
import types
from collections import Counter

import pytest
from torgpuls.firmware.node import errors

from .board_modules import Ticking, load


class Partition:
    """esp32.Partition as docs "esp32" and "vfs" say: without an offset writeblocks() erases first."""

    TYPE_DATA = 1
    SIZE = 3 * 4096

    def __init__(self):
        self.data = bytearray(self.SIZE)
        self.broken = False

    def find(self, kind, label):
        assert kind == self.TYPE_DATA
        return [self] if label == "outbox" else []

    def info(self):
        return (1, 6, 0x395000, self.SIZE, "outbox", False)

    def _check(self):
        if self.broken:
            raise OSError(-0x104, "ESP_ERR_INVALID_SIZE")

    def readblocks(self, block, into, offset=0):
        self._check()
        at = block * 4096 + offset
        into[:] = self.data[at : at + len(into)]

    def writeblocks(self, block, data, offset=None):
        self._check()
        if offset is None:
            self.ioctl(6, block)
        at = block * 4096 + (offset or 0)
        for i, byte in enumerate(data):
            self.data[at + i] &= byte

    def ioctl(self, what, block):
        self._check()
        assert what == 6
        self.data[block * 4096 : block * 4096 + 4096] = b"\xff" * 4096
        return 0


@pytest.fixture
def partition():
    return Partition()


@pytest.fixture
def flash(monkeypatch, partition):
    adapter = load(monkeypatch, "flash", Ticking(), esp32=types.SimpleNamespace(Partition=partition))
    return adapter.Flash


def test_flash_erases_one_sector_to_ones(flash, partition):
    flash("outbox").erase(4096)
    assert partition.data == b"\0" * 4096 + b"\xff" * 4096 + b"\0" * 4096


def test_programming_only_lets_bits_fall_even_at_a_sectors_start(flash, partition):
    outbox = flash("outbox")
    outbox.erase(0)
    outbox.program(0, b"\xf0\x0f")
    outbox.program(0, b"\x3c\x3c")
    assert partition.data[:3] == b"\x30\x0c\xff"


def test_reading_and_programming_may_cross_into_the_next_sector(flash):
    outbox = flash("outbox")
    outbox.erase(0)
    outbox.erase(4096)
    outbox.program(4090, b"0123456789")
    into = bytearray(12)
    outbox.read(4089, memoryview(into))
    assert into == b"\xff0123456789\xff"


def test_flash_knows_its_size_and_a_missing_partition(flash):
    assert flash("outbox").size == 3 * 4096
    with pytest.raises(errors.FlashError, match="no partition config: flash this board's own image"):
        flash("config")


def test_a_driver_error_is_a_flash_error_with_its_place(flash, partition):
    outbox = flash("outbox")
    partition.broken = True
    for call in (lambda: outbox.read(5, bytearray(1)), lambda: outbox.program(5, b"a")):
        with pytest.raises(errors.FlashError, match="outbox: cannot (read|program) at 5"):
            call()
    with pytest.raises(errors.FlashError, match="outbox: cannot erase at 4096"):
        outbox.erase(4096)
    with pytest.raises(ValueError, match="no sector starts at 100"):
        outbox.erase(100)


class Rtc:
    def __init__(self, clock):
        self.clock = clock
        self.microseconds = 0
        self.set_to = None

    def datetime(self, when=None):
        if when is None:
            return (0, 0, 0, 0, 0, 0, 0, self.microseconds)
        self.set_to = when


def test_the_clock_promises_1970_on_a_chip_that_counts_from_2000(monkeypatch):
    time = Ticking()
    rtc = Rtc(time)
    clock = load(monkeypatch, "clock", time, machine=types.SimpleNamespace(RTC=lambda: rtc)).Clock()
    time.chip_s = 800_000_000
    assert clock.unix_s() == 0  # what survived a reset is not known to be right
    clock.set_unix_s(1_800_000_000)  # `date -u -d @1800000000`: Fri Jan 15 08:00:00 UTC 2027
    assert rtc.set_to == (2027, 1, 15, 4, 8, 0, 0, 0)
    time.chip_s = 1_800_000_000 - 946_684_800  # seconds from 1970 to 2000
    assert clock.unix_s() == 1_800_000_000
    rtc.microseconds = 999_999
    assert clock.unix_ms() == 999


def test_nobody_sleeps_longer_than_a_second_at_a_time(monkeypatch):
    time = Ticking()
    machine = types.SimpleNamespace(RTC=lambda: Rtc(time))
    load(monkeypatch, "clock", time, machine=machine).Clock().sleep_ms(60_000)
    assert time.uptime_ms == 1000


class Watchdog:
    def __init__(self, timeout):
        self.timeout_ms = timeout
        self.fed = 0

    def feed(self):
        self.fed += 1


def test_uptime_goes_on_when_ticks_wrap(monkeypatch):
    time = Ticking(uptime_ms=2500)
    machine = types.SimpleNamespace(WDT=Watchdog)
    sniffer = types.SimpleNamespace(reset_reason=lambda: 6)
    system = load(monkeypatch, "system", time, machine=machine, _sniffer=sniffer).System(120_000)
    assert system.uptime_s() == 2
    days = 40  # ticks wrap every 12.4 days
    for _ in range(days * 24):
        time.uptime_ms += 3_600_000
        system.feed_watchdog()
    assert system.uptime_s() == days * 86_400 + 2
    assert system.reset_reason() == 6


def test_randomness_is_uniform_within_its_limit_and_reaches_both_ends(monkeypatch):
    below = load(monkeypatch, "entropy", Ticking()).Entropy().below
    counts = Counter(below(10) for _ in range(20_000))
    assert set(counts) == set(range(10))
    assert all(1700 < count < 2300 for count in counts.values())  # 7 standard deviations
    assert below(1) == 0
    for limit in (0, (1 << 24) + 1):
        with pytest.raises(ValueError, match="is not in 1"):
            below(limit)


def test_draws_that_would_favour_small_numbers_are_drawn_again(monkeypatch):
    draws = [b"\xff\xff\xff", b"\x05\0\0"]
    entropy = load(monkeypatch, "entropy", Ticking())
    monkeypatch.setattr(os, "urandom", lambda size: draws.pop(0))
    assert entropy.Entropy().below(3 << 20) == 5  # 2**24 is no multiple of 3 * 2**20
    assert draws == []
