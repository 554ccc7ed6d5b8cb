"""Reads a partitions.csv as ESP-IDF does ("Partition Tables", section "Creating Custom Tables")."""

from typing import NamedTuple

SUBTYPES = {
    "app": {"ota_0": 0x10, "ota_1": 0x11},
    "data": {"ota": 0x00, "phy": 0x01, "nvs": 0x02, "undefined": 0x06},
}
FLAGS = {"readonly"}


class Partition(NamedTuple):
    name: str
    kind: str
    subtype: str
    offset: int
    size: int
    flags: frozenset[str]

    @property
    def end(self) -> int:
        return self.offset + self.size


def read(text: str) -> list[Partition]:
    """Return the rows in order. Raises ValueError for what the build would refuse, or guess."""
    rows = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")] + [""]
        name, kind, subtype, offset, size, flags = cells[:6]
        if len(name.encode()) > 15:
            raise ValueError(f"{name}: a name has at most 15 bytes")
        if subtype not in SUBTYPES[kind]:
            raise ValueError(f"{name}: no subtype {subtype} of {kind}")
        wanted = frozenset(flags.split(":")) - {""}
        if wanted - FLAGS:
            raise ValueError(f"{name}: no flag {flags}")
        rows.append(Partition(name, kind, subtype, int(offset, 0), int(size, 0), wanted))
    if len({row.name for row in rows}) != len(rows):
        raise ValueError("two partitions have one name")
    return rows
