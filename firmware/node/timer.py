"""Milliseconds that run down, on the monotonic clock: no step of UTC moves them."""


class Timer:
    """At most 6 days long (half of the range in which ticks wrap); done until started."""

    def __init__(self, clock):
        self._clock = clock
        self._since = 0
        self._ms = -1

    def start(self, ms: int) -> None:
        """Run down from `ms`, beginning now."""
        self._since = self._clock.ticks_ms()
        self._ms = ms

    def stop(self) -> None:
        """Be done until the next start."""
        self._ms = -1

    def is_set(self) -> bool:
        """Return whether it was started and not stopped, run down or not."""
        return self._ms >= 0

    def left_ms(self) -> int:
        """Return what is left; 0 or less when it ran down or was never started."""
        if self._ms < 0:
            return 0
        return self._ms - self._clock.ticks_diff(self._clock.ticks_ms(), self._since)
