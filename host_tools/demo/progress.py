"""How one place of the demo is doing: what is stored, beside the heads and beside counting addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .readings import Reading
from .scenes import WINDOW_S, Scene


class Progress(NamedTuple):
    """One place: its windows so far, its known heads, and what counting addresses says per window."""

    scene: Scene
    windows: Sequence[Reading]
    addresses: Mapping[int, int]

    @property
    def span_s(self) -> tuple[int, int]:
        """Return (start, end) in Unix s of the captured time, in whole windows."""
        return min(self.addresses), max(self.addresses) + WINDOW_S

    @property
    def stored(self) -> int:
        """Return how many reports are in the store."""
        return sum(window.present is not None for window in self.windows)

    @property
    def gaps(self) -> int:
        """Return how many windows from the first report to the last have none."""
        reported = [index for index, window in enumerate(self.windows) if window.present is not None]
        return reported[-1] - reported[0] + 1 - len(reported) if reported else 0

    @property
    def latest(self) -> Reading | None:
        """Return the last window with a report."""
        return next((window for window in reversed(self.windows) if window.present is not None), None)

    def compared(self) -> list[tuple[int, float, int]]:
        """Return (present, heads, addresses) of each stored window whose heads are known."""
        heads = self.scene.heads
        return [
            (window.present, heads[window.start_s], self.addresses.get(window.start_s, 0))
            for window in self.windows
            if window.present is not None and window.start_s in heads
        ]


class Score(NamedTuple):
    """Mean absolute errors in people, over `windows` windows with known heads."""

    windows: int
    present_error: float
    addresses_error: float


def score(places: Sequence[Progress]) -> Score | None:
    """Return the errors over all places, None when no stored window has known heads."""
    compared = [row for place in places for row in place.compared()]
    if not compared:
        return None
    present = sum(abs(present - heads) for present, heads, _ in compared)
    addresses = sum(abs(addresses - heads) for _, heads, addresses in compared)
    return Score(len(compared), present / len(compared), addresses / len(compared))
