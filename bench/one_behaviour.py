"""Whether the node does the same on CPython and on MicroPython: every integer of every report.

    python bench/one_behaviour.py DIR

DIR holds the published captures. Plays three whole days of Brno on both, hopping and as recorded, with
window keys that follow from a seed, and compares all fields of all reports, window by window. Ends
with 1 when one differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from torgpuls.firmware.node.errors import PersonError
from torgpuls.simulator.captures.timeline import Reading, Timeline, read_captures
from torgpuls.simulator.interpreter import Plan, play_on

DAYS = ("2022-11-22", "2023-04-11", "2023-04-26")
DAY_S = 86400
HOPPING = {"place": "bench"}  # channels 1, 6, 11 by turns
AS_RECORDED = {"place": "bench", "channels": [1], "dwell_ms": 10000}
BRNO_READS_ONE_TOO_MANY = -1  # README of the published captures: 2417 MHz is channel 1
KEY_SEED = 2023


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dir", type=Path, help="folder that holds brno/")
    folder = parser.parse_args().dir / "brno"
    shown = Table("day", "radio", "windows", "people, most", "differing integers", "CPython", "MicroPython")
    differing = 0
    for day in DAYS:
        capture = folder / f"position_1_{day}.csv.gz"
        for name, reading, settings in (
            ("as recorded", Reading(), AS_RECORDED),
            ("hopping", Reading(as_recorded=False, channel_offset=BRNO_READS_ONE_TOO_MANY), HOPPING),
        ):
            timeline = read_captures([capture], reading)
            reports, seconds = zip(
                *(played(timeline, day, settings, on) for on in ("cpython", "micropython")), strict=True
            )
            difference = differences(*reports)
            differing += difference
            most = max(report["present"] for report in reports[0])
            times = [f"{taken_s:.2f} s" for taken_s in seconds]
            shown.add_row(day, name, str(len(reports[0])), str(most), str(difference), *times)
    Console(width=None if sys.stdout.isatty() else 110).print(shown)
    return 1 if differing else 0


def played(timeline: Timeline, day: str, settings: dict, interpreter: str) -> tuple[list[dict], float]:
    """Return the reports of the whole UTC day, and the real time taken."""
    from_s = int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())
    reports: list[dict] = []
    began_s = time.monotonic()
    with timeline.trace(KEY_SEED) as trace:
        plan = Plan([(from_s * 1000, (from_s + DAY_S) * 1000)], settings)
        play_on(interpreter, trace, plan, reports.append)
    return reports, time.monotonic() - began_s


def differences(first: list[dict], second: list[dict]) -> int:
    """Return how many fields differ, a report that only one side has counting as one."""
    count = abs(len(first) - len(second))
    for one, other in zip(first, second, strict=False):
        count += sum(one[name] != other.get(name) for name in one)
    return count


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PersonError as error:
        print(f"one_behaviour: {error}", file=sys.stderr)
        sys.exit(2)
