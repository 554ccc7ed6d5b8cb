"""What the server must know to trust the nodes: SITE/nodes.keys, made from the book and the master secret.

    node,token_sha256,report_key          one row per node that may write
    square-1,<64 hex digits>,<64 hex digits>

The token itself is not there: the server compares hashes, so this file lets nobody write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from . import files, keys
from .book import NODE_ID, Entry
from .errors import SiteError

COLUMNS = "node,token_sha256,report_key"
DIGEST_SIZE = 32


class ServerKeys(NamedTuple):
    """What the server knows of one node."""

    token_sha256: bytes
    report_key: bytes


def path_in(site: Path) -> Path:
    """Return where the keys of `site` are."""
    return site / "nodes.keys"


def write(site: Path, entries: Iterable[Entry], master: bytes) -> None:
    """Write the keys of every entry that may write, whole; a retired node's are gone with that."""
    rows = [COLUMNS]
    for entry in entries:
        if entry.may_write:
            token = keys.write_token(master, entry.node)
            digest = hashlib.sha256(token.encode("ascii")).hexdigest()
            rows.append(f"{entry.node},{digest},{keys.report_key(master, entry.node).hex()}")
    content = "".join(row + "\n" for row in rows)
    files.write_whole(path_in(site), content.encode("ascii"), files.SECRET_MODE)


def read(site: Path) -> dict[str, ServerKeys]:
    """Return the keys by node; none when the file is not there yet. Raises SiteError when it is damaged."""
    path = path_in(site)
    try:
        if path.stat().st_mode & 0o077:
            raise SiteError(f"{path} may be read by others: chmod 600 {path}")
        lines = path.read_bytes().decode("ascii").splitlines()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise _damaged(path, 1) from None
    if not lines or lines[0] != COLUMNS:
        raise _damaged(path, 1)
    found = {}
    for number, line in enumerate(lines[1:], start=2):
        node, _, rest = line.partition(",")
        digest, _, report_key = rest.partition(",")
        try:
            row = ServerKeys(bytes.fromhex(digest), bytes.fromhex(report_key))
        except ValueError:
            raise _damaged(path, number) from None
        if not NODE_ID.fullmatch(node) or [len(part) for part in row] != [DIGEST_SIZE, keys.REPORT_KEY_SIZE]:
            raise _damaged(path, number)
        found[node] = row
    return found


def _damaged(path: Path, line: int) -> SiteError:
    return SiteError(f"{path} line {line} is damaged: remove the file and run torgpuls node keys")
