"""Import an adapter on CPython beside made-up board modules: only what a test puts in is there."""

import importlib
import sys
import time
import types


class Ticking:
    """MicroPython's `time` on an ESP32: ticks that wrap at 2**30 ms, seconds since 2000."""

    PERIOD = 1 << 30
    S_1970_TO_2000 = 946684800

    def __init__(self, uptime_ms: int = 0):
        self.uptime_ms = uptime_ms
        self.chip_s = 0

    def ticks_ms(self) -> int:
        return self.uptime_ms % self.PERIOD

    def ticks_diff(self, later: int, earlier: int) -> int:
        # docs "time", ticks_diff(): right for distances below half of the period.
        return (later - earlier + self.PERIOD // 2) % self.PERIOD - self.PERIOD // 2

    def sleep_ms(self, ms: int) -> None:
        self.uptime_ms += ms

    def time(self) -> int:
        return self.chip_s

    def gmtime(self, s: int) -> tuple:
        when = time.gmtime(s + self.S_1970_TO_2000)
        return (*when[:7], when.tm_yday)


def load(monkeypatch, name: str, clock: Ticking, **modules: object) -> types.ModuleType:
    """Return firmware/adapters/<name>.py, imported afresh with `modules` and `clock` as `time`."""
    package = "torgpuls.firmware.adapters"
    with monkeypatch.context() as patch:
        for module_name, module in modules.items():
            patch.setitem(sys.modules, module_name, module)
        patch.setitem(sys.modules, "time", clock)
        for loaded in [each for each in sys.modules if each.startswith(package)]:
            patch.delitem(sys.modules, loaded)
        return importlib.import_module(f"{package}.{name}")
