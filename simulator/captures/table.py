"""The header line of a CSV capture: which column means what."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

from .errors import CaptureError
from .library import constants

OPTIONAL = {"fixed"}


@dataclass(frozen=True)
class Header:
    size: int  # bytes of the header line with its end
    roles: bytes  # one column_role per column


def header_of(name: str, content: mmap.mmap | bytes) -> Header:
    """Read the first line. Raises CaptureError that names the columns that are missing."""
    line_end = content.find(b"\n")
    if line_end < 0:
        raise CaptureError(name, "the first line is not complete: the file was cut, copy it again")
    columns = [part.strip() for part in content[:line_end].decode("ascii", "replace").split(",")]
    roles = constants("COLUMN_")
    roles.pop("ignored"), roles.pop("roles")
    missing = [role for role in roles if role not in columns and role not in OPTIONAL]
    if len(missing) > len(roles) // 2:
        raise CaptureError(name, "is text, but its first line does not name the columns of a CSV capture")
    if missing:
        raise CaptureError(name, f"the CSV has no column {', '.join(missing)}: export it with all columns")
    repeated = {role for role in roles if columns.count(role) > 1}
    if repeated:
        raise CaptureError(name, f"the CSV has the column {', '.join(sorted(repeated))} twice")
    return Header(line_end + 1, bytes(roles.get(column, 0) for column in columns))
