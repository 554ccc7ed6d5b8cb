"""node/ports.py: System. The watchdog, why the chip started, and how long ago."""

import gc
import time

import _sniffer
import machine


def reset_reason() -> int:
    """Return one of the RESET_* numbers of report.py, which are those of esp_reset_reason_t.

    machine.reset_cause() cannot tell a panic from a reset that was asked for.
    """
    return _sniffer.reset_reason()


def restart() -> None:
    """Start the chip anew; does not return."""
    machine.reset()


class System:
    """From its construction on the watchdog runs, and cannot be stopped (docs "machine.WDT")."""

    def __init__(self, watchdog_ms: int):
        self._watchdog = machine.WDT(timeout=watchdog_ms)
        self._ticks = time.ticks_ms()
        self._uptime_ms = self._ticks  # ticks start at 0 with the chip (ports/esp32/mphalport.c)
        self._uptime_s = 0

    def feed_watchdog(self) -> None:
        self._watchdog.feed()
        self._count()

    def reset_reason(self) -> int:
        return reset_reason()

    def free_kib(self) -> int:
        gc.collect()
        return gc.mem_free() // 1024

    def uptime_s(self) -> int:
        self._count()
        return self._uptime_s

    def _count(self) -> None:
        """Keep counting: ticks wrap after 12 days, and differences hold for 6 (docs "time")."""
        now = time.ticks_ms()
        self._uptime_ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        self._uptime_s += self._uptime_ms // 1000
        self._uptime_ms %= 1000
