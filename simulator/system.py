"""The chip as a world: a watchdog that bites in virtual time."""

import gc
import sys

from ..firmware.node import report


class WatchdogBite(Exception):
    """The watchdog was not fed in time: the chip resets. No code of the node may catch it."""


class SimulatedSystem:
    """The System port. longest_ms: the longest time between two feeds so far."""

    def __init__(
        self, clock, reason: int = report.RESET_POWER_ON, limit_ms: int = 180000, heap_free_kib: int = 0
    ):
        """clock: the VirtualClock that this watchdog watches. limit_ms: patience."""
        self._clock = clock
        self._reason = reason
        self._limit_ms = limit_ms
        self._free_kib = heap_free_kib
        self._start_ms = self._fed_ms = clock.true_ms
        self.longest_ms = 0
        clock.on_pass = self._watch

    def feed_watchdog(self) -> None:
        self._fed_ms = self._clock.true_ms

    def reset_reason(self) -> int:
        return self._reason

    def free_kib(self) -> int:
        if sys.implementation.name == "micropython":
            gc.collect()  # as on a board; on a host it costs more than the rest of the window
        return self._free_kib

    def uptime_s(self) -> int:
        return (self._clock.true_ms - self._start_ms) // 1000

    def _watch(self) -> None:
        hungry_ms = self._clock.true_ms - self._fed_ms
        self.longest_ms = max(self.longest_ms, hungry_ms)
        if hungry_ms > self._limit_ms:
            raise WatchdogBite(f"not fed for {hungry_ms} ms")
