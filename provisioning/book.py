"""The book of nodes: SITE/nodes.csv, one row per board, also edited by hand.

    # Comments, empty lines and the order of rows stay as they are.
    node,board,made,state
    square-1,olimex_c3,2024-05-02,active

node: 1..12 of a-z, 0-9, "-" · made: day, as YYYY-MM-DD · state: new, active or retired.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from . import files
from .errors import SiteError

COLUMNS = "node,board,made,state"
STATES = ("new", "active", "retired")
NODE_ID = re.compile(r"[a-z0-9-]{1,12}")
BOARD_NAME = re.compile(r"[a-z0-9_-]{1,32}")
LOCK_NAME = ".nodes.lock"


class Entry(NamedTuple):
    """One row of the book."""

    node: str
    board: str
    made: str
    state: str

    @property
    def may_write(self) -> bool:
        """Whether the store takes this node's reports."""
        return self.state != "retired"


class Book:
    """The rows and everything between them. Unchanged lines come back byte for byte."""

    def __init__(self, text: str = COLUMNS + "\n", name: str = "nodes.csv"):
        """Read `text`; `name` is for messages. Raises SiteError with the line that is wrong."""
        self._name = name
        self._lines = text.splitlines()
        self._line_of_node: dict[str, int] = {}
        self._entries: dict[str, Entry] = {}
        header_seen = False
        for number, line in enumerate(self._lines):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if header_seen:
                self._take(number, line)
            elif line.replace(" ", "") == COLUMNS:
                header_seen = True
            else:
                raise self._error(number, f"the first row must be {COLUMNS}")
        if not header_seen:
            self._lines.append(COLUMNS)

    @property
    def entries(self) -> list[Entry]:
        """Return the rows in the book's order."""
        return list(self._entries.values())

    def entry(self, node: str) -> Entry:
        """Return the row of `node`. Raises SiteError when the book has none."""
        if node not in self._entries:
            raise SiteError(f"{self._name} has no node {node!r}: see torgpuls node list")
        return self._entries[node]

    def add(self, entry: Entry) -> None:
        """Append a row. Raises SiteError when it is malformed or its node is there already."""
        check(entry)
        if entry.node in self._entries:
            raise SiteError(f"node {entry.node!r} is in {self._name} already: choose another name")
        self._line_of_node[entry.node] = len(self._lines)
        self._lines.append(_row(entry))
        self._entries[entry.node] = entry

    def set_state(self, node: str, state: str) -> None:
        """Change the state of `node`, in its row. Raises SiteError for an unknown node or state."""
        changed = self.entry(node)._replace(state=state)
        check(changed)
        self._lines[self._line_of_node[node]] = _row(changed)
        self._entries[node] = changed

    def text(self) -> str:
        """Return the whole file."""
        return "".join(line + "\n" for line in self._lines)

    def _take(self, number: int, line: str) -> None:
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if len(cells) != len(Entry._fields):
            raise self._error(number, f"{len(cells)} columns instead of {len(Entry._fields)} ({COLUMNS})")
        entry = Entry(*cells)
        try:
            check(entry)
        except SiteError as error:
            raise self._error(number, str(error)) from None
        if entry.node in self._entries:
            first = self._line_of_node[entry.node] + 1
            raise self._error(number, f"node {entry.node!r} is also on line {first}: remove one of the two")
        self._line_of_node[entry.node] = number
        self._entries[entry.node] = entry

    def _error(self, number: int, problem: str) -> SiteError:
        return SiteError(f"{self._name} line {number + 1}: {problem}")


def check(entry: Entry) -> None:
    """Raise SiteError when a cell is not what the book allows."""
    if not NODE_ID.fullmatch(entry.node):
        raise SiteError(f"node name {entry.node!r}: use 1 to 12 of a-z, 0-9 and -")
    if not BOARD_NAME.fullmatch(entry.board):
        raise SiteError(f"board {entry.board!r} of node {entry.node}: use 1 to 32 of a-z, 0-9, _ and -")
    try:
        made = datetime.date.fromisoformat(entry.made).isoformat()
    except ValueError:
        made = ""
    if made != entry.made:
        raise SiteError(f"made {entry.made!r} of node {entry.node}: write the day as YYYY-MM-DD")
    if entry.state not in STATES:
        raise SiteError(f"state {entry.state!r} of node {entry.node}: use one of {', '.join(STATES)}")


def path_in(site: Path) -> Path:
    """Return where the book of `site` is."""
    return site / "nodes.csv"


def read(site: Path) -> Book:
    """Return the site's book, an empty one when there is none. Raises SiteError."""
    path = path_in(site)
    try:
        # "-sig": some editors begin a file with a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Book(name=str(path))
    except UnicodeDecodeError as error:
        raise SiteError(f"{path} is not UTF-8 text at byte {error.start}: save it as UTF-8") from None
    return Book(text, str(path))


@contextmanager
def editing(site: Path) -> Iterator[Book]:
    """Give the site's book for changing; write it whole when the block ends without an error.

    Only one at a time edits a site; the second waits and then sees the first one's row.
    """
    if not site.is_dir():
        raise SiteError(f"there is no site folder {site}: check --site (torgpuls serve makes it)")
    with files.locked(site / LOCK_NAME):
        book = read(site)
        before = book.text()
        yield book
        if book.text() != before or not path_in(site).exists():
            files.write_whole(path_in(site), book.text().encode("utf-8"), files.PUBLIC_MODE)


def _row(entry: Entry) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(entry)
    return line.getvalue()
