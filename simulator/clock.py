"""Virtual time: it passes when somebody waits, and only then."""

TICKS_PERIOD = 1 << 30  # where ticks_ms wraps, as on MicroPython


class VirtualClock:
    """The Clock port. true_ms: UTC of the world in ms since 1970, which the node may not know.

    on_pass: called after time passed, if set. drift_ppm: how much faster the node's UTC runs.
    """

    def __init__(
        self, true_ms: int, known: bool = False, ticks: int = TICKS_PERIOD - 90000, drift_ppm: int = 0
    ):
        """known: the node starts with right UTC. ticks: where ticks_ms starts; wraps soon."""
        self.true_ms = true_ms
        self.on_pass = None
        self.drift_ppm = drift_ppm
        self._known = known
        self._set_at_ms = true_ms
        self._unix_ms = true_ms  # what the node's UTC was when it was set
        self._ticks_ms = ticks - true_ms

    def pass_ms(self, ms: int) -> None:
        """Let `ms` pass."""
        self.true_ms += ms
        if self.on_pass is not None:
            self.on_pass()

    def true_s(self) -> int:
        """Return UTC of the world in whole seconds."""
        return self.true_ms // 1000

    def ticks_ms(self) -> int:
        return (self.true_ms + self._ticks_ms) % TICKS_PERIOD

    def ticks_diff(self, later: int, earlier: int) -> int:
        half = TICKS_PERIOD // 2
        return (later - earlier + half) % TICKS_PERIOD - half

    def unix_s(self) -> int:
        return self._now_ms() // 1000 if self._known else 0

    def unix_ms(self) -> int:
        return self._now_ms() % 1000 if self._known else 0

    def set_unix_s(self, unix_s: int) -> None:
        self._known = True
        self._set_at_ms = self.true_ms
        self._unix_ms = unix_s * 1000

    def sleep_ms(self, ms: int) -> None:
        if not 0 <= ms <= 1000:
            raise ValueError(f"{ms} ms are too long to wait without feeding the watchdog")
        self.pass_ms(ms)

    def _now_ms(self) -> int:
        passed_ms = self.true_ms - self._set_at_ms
        return self._unix_ms + passed_ms + passed_ms * self.drift_ppm // 1000000
