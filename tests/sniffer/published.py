"""The published captures beside the project: where they are, and their CSV tables row by row."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared(folder: str) -> Path:
    """Return a folder of captures; skip the test where it is absent."""
    if not (SHARED / folder).is_dir():
        pytest.skip(f"captures are not here: {SHARED / folder}")
    return SHARED / folder


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a .csv.gz."""
    with gzip.open(path, "rt", newline="") as file:
        yield from csv.DictReader(file)
