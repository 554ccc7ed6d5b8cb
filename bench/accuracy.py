"""How well one window's figure matches the heads: the node's own code over captures with known truth.

    python bench/accuracy.py DIR --csv OUT.csv [--summary]

DIR is laid out like the published captures (layout.py says how windows find their captures).
OUT.csv gets dataset,window_start,estimate for each window of DIR/truth.csv: x, before noise, of
the whole node (firmware/node, and the sniffer's C files) played by virtual time. Then a table
compares x with the best-known open counter's rule; its rows for the shared folder have floors,
and the exit code is 1 when one is missed. The estimates hang a little on the window keys,
because hashes are cut to 20 and 12 bits; the table gives the spread over several.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import estimates
from layout import Layout, Window, read_truth
from rich.console import Console
from rich.table import Table
from torgpuls.firmware.node.errors import PersonError
from torgpuls.host_tools.errors import UserError

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
SEEDS = (1, 2, 3, 4, 5)  # the first one's estimates are written
PRESENT_FROM = 0.5  # heads on average: somebody was there
# dataset: (error over all windows, error while people are present, correlation over all windows)
FLOORS = {"brno_p1_5min": (1.25, 3.5, 0.92), "mix_5min": (0.6, None, None)}

Scores = tuple[float, float, float]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dir", type=Path, help="folder with truth.csv and captures")
    parser.add_argument("--csv", type=Path, required=True, help="where the estimates go")
    parser.add_argument("--summary", action="store_true", help="only the node's own rows")
    asked = parser.parse_args()
    began_s = time.monotonic()
    windows = by_dataset(read_truth(asked.dir))
    layout = Layout(asked.dir)
    stretches = {dataset: layout.stretches(own) for dataset, own in windows.items()}
    runs = [
        {dataset: estimates.by_the_node(own, seed) for dataset, own in stretches.items()} for seed in SEEDS
    ]
    write(asked.csv, windows, runs[0])
    peer = {dataset: estimates.by_address_endings(own) for dataset, own in stretches.items()}
    table(windows, runs, peer, asked.summary)
    print(
        f"{sum(map(len, windows.values()))} windows, {len(SEEDS)} times: {time.monotonic() - began_s:.1f} s"
    )
    missed = list(missed_floors(windows, runs[0]))
    for line in missed:
        print(line, file=sys.stderr)
    return 1 if missed and asked.dir.resolve() == SHARED.resolve() else 0


def by_dataset(windows: list[Window]) -> dict[str, list[Window]]:
    """Return the windows by dataset, in the order of truth.csv."""
    found: dict[str, list[Window]] = defaultdict(list)
    for window in windows:
        found[window.dataset].append(window)
    return dict(found)


def write(path: Path, windows: dict[str, list[Window]], run: dict[str, dict[Window, int]]) -> None:
    """Write the estimates, all at once or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, newline="", delete=False) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("dataset", "window_start", "estimate"))
        for dataset, own in windows.items():
            rows.writerows((dataset, window.start_s, run[dataset][window]) for window in own)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def scores(windows: list[Window], estimate: dict[Window, int]) -> Scores:
    """Return (mean absolute error, the same while people are present, correlation); NaN where none."""
    known = [(estimate[window], window.heads) for window in windows if not math.isnan(window.heads)]
    errors = [abs(x - heads) for x, heads in known]
    present = [abs(x - heads) for x, heads in known if heads >= PRESENT_FROM]
    return mean(errors), mean(present), correlation(known)


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def correlation(pairs: list[tuple[int, float]]) -> float:
    """Return Pearson's r, NaN when one side never changes."""
    x_mean, y_mean = mean([x for x, _ in pairs]), mean([y for _, y in pairs])
    xy = sum((x - x_mean) * (y - y_mean) for x, y in pairs)
    xx, yy = sum((x - x_mean) ** 2 for x, _ in pairs), sum((y - y_mean) ** 2 for _, y in pairs)
    return xy / math.sqrt(xx * yy) if xx > 0 and yy > 0 else math.nan


def table(
    windows: dict[str, list[Window]],
    runs: list[dict[str, dict[Window, int]]],
    peer: dict[str, dict[Window, int]],
    summary: bool,
) -> None:
    """Print the scores: x by its first keys, its range over all keys, and the peer's rule."""
    shown = Table("dataset", "windows", "counted", "error", "while present", "correlation")
    for dataset, own in windows.items():
        by_keys = [scores(own, run[dataset]) for run in runs]
        row(shown, dataset, str(len(own)), "x", by_keys[0])
        if not summary:
            spread = [f"{min(column):.3f} … {max(column):.3f}" for column in zip(*by_keys, strict=True)]
            shown.add_row("", "", f"x over {len(runs)} sets of keys", *spread)
            row(shown, "", "", "last 16 bits of addresses", scores(own, peer[dataset]))
        if dataset in FLOORS:
            floors = ("" if floor is None else f"{floor}" for floor in FLOORS[dataset])
            shown.add_row("", "", "floor", *floors, end_section=True)
    Console(width=None if sys.stdout.isatty() else 110).print(shown)


def row(shown: Table, dataset: str, count: str, counted: str, values: Scores) -> None:
    texts = ["" if math.isnan(value) else f"{value:.3f}" for value in values]
    shown.add_row(dataset, count, counted, *texts)


def missed_floors(windows: dict[str, list[Window]], run: dict[str, dict[Window, int]]) -> Iterator[str]:
    """Give one line for each floor that was missed."""
    for dataset, floors in FLOORS.items():
        if dataset not in windows:
            continue
        names = ("error", "error while present", "correlation")
        for name, floor, value in zip(names, floors, scores(windows[dataset], run[dataset]), strict=True):
            reached = floor is None or (value >= floor if name == "correlation" else value <= floor)
            if not reached:
                yield f"accuracy: {dataset}: {name} is {value:.3f}, the floor is {floor}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (UserError, PersonError) as error:
        print(f"accuracy: {error}", file=sys.stderr)
        sys.exit(2)
