"""From reports to windows: what was heard, what was not listened to, and what nobody heard of.

report            report says gap_windows=2         now
|12 |    .    |   | - | - | 7 | 9 |   .   |   .   |
 reported  not_reported    reported    not_reported
                  not_listened
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .interface import Report, Window

REPORTED, NOT_LISTENED, NOT_REPORTED = "reported", "not_listened", "not_reported"
DEFAULT_WINDOW_S = 300
WINDOW_S_RANGE = range(60, 3600 + 1)  # firmware/node/config.py


def windows_of(reports: Iterable[Report], start_s: int, end_s: int, now_s: int) -> Iterator[Window]:
    """Yield the windows that start in [start_s, end_s) and have ended at now_s, in time order.

    reports: of one place in time order, with the last before start_s and the first after end_s if there
    are any. Before the place's first report there are no windows, except those that it declares.
    """
    previous: Report | None = None
    for report in reports:
        yield from _before(previous, report, start_s, end_s)
        if start_s <= report.start_s < end_s:
            yield _heard(report)
        if report.start_s >= end_s:
            return
        previous = report
    if previous:
        yield from _silent(previous, max(start_s, _end_s(previous)), min(end_s, now_s), now_s)


def _before(previous: Report | None, report: Report, start_s: int, end_s: int) -> Iterator[Window]:
    """Yield the windows in [start_s, end_s) between two neighbouring reports; none before the first but the
    declared ones."""
    window_s = window_s_of(report)
    floor_s = max(start_s, _end_s(previous)) if previous else start_s
    declared = max(0, integer(report, "gap_windows"))
    first_declared_s = max(report.start_s - declared * window_s, floor_s)
    # On the report's own grid: a floor between two windows belongs to the later one.
    first_declared_s = report.start_s - (report.start_s - first_declared_s) // window_s * window_s
    if previous:
        yield from _silent(previous, floor_s, min(first_declared_s, end_s), first_declared_s)
    # The report may be of years later: a clock was wrong.
    for at_s in range(first_declared_s, min(report.start_s, end_s), window_s):
        if at_s >= start_s:
            yield Window(at_s, window_s, report.place, report.node, None, 0, None, NOT_LISTENED)


def _silent(last: Report, from_s: int, until_s: int, ended_s: int) -> Iterator[Window]:
    """Yield the windows on the grid of `last` that start in [from_s, until_s) and end by ended_s."""
    window_s = window_s_of(last)
    first_s = last.start_s + -(-(from_s - last.start_s) // window_s) * window_s
    for at_s in range(first_s, until_s, window_s):
        if at_s + window_s <= ended_s:
            yield Window(at_s, window_s, last.place, last.node, None, 0, None, NOT_REPORTED)


def _heard(report: Report) -> Window:
    window_s = window_s_of(report)
    present = report.fields.get("present")
    listened_ms = sum(integer(report, f"listen_ms_{group}") for group in ("low", "mid", "high"))
    return Window(
        report.start_s, window_s, report.place, report.node,
        present if isinstance(present, int) else None,
        min(1000, max(0, listened_ms // window_s)),
        integer(report, "epsilon_permille"),
        REPORTED,
    )  # fmt: skip


def window_s_of(report: Report) -> int:
    """Return the length of the report's window; the default where it says none that could be right."""
    said_s = integer(report, "window_s")
    return said_s if said_s in WINDOW_S_RANGE else DEFAULT_WINDOW_S


def integer(report: Report, name: str) -> int:
    """Return an integer field, 0 where the report has none."""
    value = report.fields.get(name)
    return value if isinstance(value, int) else 0


def _end_s(report: Report) -> int:
    return report.start_s + window_s_of(report)
