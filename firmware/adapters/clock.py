"""node/ports.py: Clock. The chip's clock counts from 2000, everything else here from 1970.

MicroPython's docs "time": the epoch is 2000-01-01 on ESP32 and 1970-01-01 elsewhere, and
gmtime(0)[0] tells which. The chip's own clock must be right too: TLS compares it with the
dates in the server's certificate.
"""

import time

import machine

_S_1970_TO_2000 = 946684800

# What the chip's seconds lack to seconds since 1970.
EPOCH_S = _S_1970_TO_2000 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """Time is unknown until it is set, even if the chip's clock survived a reset."""

    def __init__(self):
        self._rtc = machine.RTC()
        self._known = False

    def ticks_ms(self) -> int:
        return time.ticks_ms()

    def ticks_diff(self, later: int, earlier: int) -> int:
        return time.ticks_diff(later, earlier)

    def unix_s(self) -> int:
        return time.time() + EPOCH_S if self._known else 0

    def unix_ms(self) -> int:
        return self._rtc.datetime()[7] // 1000  # microseconds on ESP32 (docs "machine.RTC")

    def set_unix_s(self, unix_s: int) -> None:
        when = time.gmtime(unix_s - EPOCH_S)  # year, month, day, hour, minute, second, weekday, …
        self._rtc.datetime(when[:3] + when[6:7] + when[3:6] + (0,))
        self._known = True

    def sleep_ms(self, ms: int) -> None:
        time.sleep_ms(min(ms, 1000))
