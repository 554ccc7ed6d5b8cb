"""What the demo shows: a live table in a terminal, a few plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .progress import Progress, score
from .scenes import WINDOW_S

BARS = " ▁▂▃▄▅▆▇█"
NOT_KNOWN = "·"
CURVE_WIDTH_MIN = 16
FIXED_WIDTH = 80  # of the columns of numbers, with their margins


def live(places: Sequence[Progress], url: str, clock: str, width: int) -> RenderableType:
    """Return the table; `clock` is a line on how far the demo is, `width` the terminal's."""
    curve_width = width - FIXED_WIDTH
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, border_style="dim")
    table.add_column("place", no_wrap=True)
    table.add_column("window (UTC)", no_wrap=True)
    for name, style in (("present", "bold green"), ("heads", "cyan"), ("addresses", "dim")):
        table.add_column(name, justify="right", style=style, no_wrap=True)
    table.add_column("stored", justify="right", no_wrap=True)
    table.add_column("gaps", justify="right", no_wrap=True)
    if curve_width >= CURVE_WIDTH_MIN:
        table.add_column("the day so far", no_wrap=True)
    for place in places:
        row: list[RenderableType] = list(_numbers(place))
        if curve_width >= CURVE_WIDTH_MIN:
            row.append(_curves(place, curve_width))
        table.add_row(*row)
    legend = Text.assemble(
        ("present", "green"), ": what the node reports · ", ("heads", "cyan"), ": the truth · ",
        ("addresses", "dim"), ": a plain counter",
    )  # fmt: skip
    return Group(table, legend, Text(f"Page: {url}   {clock}"))


def line(place: Progress) -> str:
    """Return one plain line on a place."""
    name, window, present, heads, addresses, stored, gaps = _numbers(place)
    counted = f"present {present}, heads {heads}, addresses {addresses}"
    return f"{name}  {window:<12}  {counted}; stored {stored}, gaps {gaps}"


def summary(places: Sequence[Progress]) -> list[str]:
    """Return the lines with which the demo ends."""
    stored = sum(place.stored for place in places)
    gaps = sum(place.gaps for place in places)
    lines = [f"Stored: {stored} windows of {len(places)} places, {gaps} gaps."]
    found = score(places)
    if found is not None:
        lines += [
            f"Mean error against true heads, {found.windows} windows:",
            f"  present (Torgpuls, no calibration)  {found.present_error:5.1f} people",
            f"  counting addresses                  {found.addresses_error:5.1f} people",
        ]
    return lines


def _numbers(place: Progress) -> tuple[str, ...]:
    latest = place.latest
    if latest is None:
        return (place.scene.place, "waiting", "", "", "", "0", "0")
    heads = place.scene.heads.get(latest.start_s)
    return (
        place.scene.place,
        datetime.fromtimestamp(latest.start_s, UTC).strftime("%d %b %H:%M"),
        str(latest.present),
        "?" if heads is None else f"{heads:.0f}",
        str(place.addresses.get(latest.start_s, 0)),
        str(place.stored),
        str(place.gaps),
    )


def _curves(place: Progress, width: int) -> Text:
    """Return two small curves up to the latest report, one above the other, on one scale: present, heads."""
    start_s, end_s = place.span_s
    per_column = -(-(end_s - start_s) // WINDOW_S // width)
    until_s = place.latest.start_s if place.latest else start_s - 1
    windows = [window for window in place.windows if window.start_s <= until_s]
    present = _squeezed([window.present for window in windows], per_column)
    heads = _squeezed([place.scene.heads.get(window.start_s) for window in windows], per_column)
    top = max([value for value in (*present, *heads) if value is not None], default=0)
    return Text.assemble((_bars(present, top), "green"), "\n", (_bars(heads, top), "cyan"))


def _squeezed(values: Sequence[float | None], size: int) -> list[float | None]:
    """Return the means of the known values in every `size` neighbours."""
    parts = [[v for v in values[at : at + size] if v is not None] for at in range(0, len(values), size)]
    return [sum(part) / len(part) if part else None for part in parts]


def _bars(values: Sequence[float | None], top: float) -> str:
    steps = len(BARS) - 1
    return "".join(
        NOT_KNOWN if value is None else BARS[round(max(value, 0) / top * steps) if top > 0 else 0]
        for value in values
    )
