"""Writes the tables of these pages from the rows that define them: python docs/tables.py

A table stands between <!-- table: NAME --> and <!-- end of table -->. Everything between is
written anew; a test fails when it was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from torgpuls.firmware.node import config, identity, report

PLACE_OF_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def table(name: str) -> str:
    """Return the Markdown table NAME: settings, report or identity."""
    made = {"settings": _settings, "report": _report, "identity": _identity}
    return made[name]()


def with_tables(page: str) -> str:
    """Return the text of a page with all its tables as the rows are now."""
    return PLACE_OF_TABLE.sub(lambda found: found[1] + table(found[2]) + found[3], page)


def _settings() -> str:
    rows = [(f"`{row.name}`", _default(row.default), _range(row), row.meaning) for row in config.FIELDS]
    return _markdown(("setting", "default", "allowed", "meaning"), rows)


def _report() -> str:
    rows = [(f"`{row.name}`", row.unit, row.meaning, row.noise) for row in report.FIELDS]
    return _markdown(("field", "unit", "meaning", "noise"), rows)


def _identity() -> str:
    rows = [(f"`{row.name}`", row.meaning) for row in identity.FIELDS]
    return _markdown(("row", "meaning"), rows)


def _default(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value) if value != "" else "(empty)"


def _range(row: config.Field) -> str:
    unit = " characters" if isinstance(row.default, str) else ""
    return f"{row.low} to {row.high}{unit}"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main() -> None:
    """Bring every page of this folder up to date."""
    for path in sorted(Path(__file__).parent.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        if (after := with_tables(before)) != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path.name}: tables renewed")


if __name__ == "__main__":
    main()
