"""Who this node is, and the network that it needs to come home: one checksummed sector.

The identity sector (4096 bytes, little endian), written once by provisioning:

    0        4        6                                               4092       4096
    +--------+--------+---------------------------------+-------------+----------+
    | "TPID" | layout | the rows of FIELDS, in order    | ones        | CRC32    |
    +--------+--------+---------------------------------+-------------+----------+
    one row:  | size u16 | size bytes |                  (the CRC covers all 4092 bytes)

The sector holds the report key, the write token and the Wi-Fi password: whoever holds the
node can read them, so they are worth little elsewhere.
"""

import binascii
import struct
from collections import namedtuple

from .config import HOST_LETTERS, SLUG_LETTERS
from .errors import IdentityError

# letters: what a text may consist of; None = any UTF-8; BYTES = raw bytes; PORT = a number.
Field = namedtuple("Field", ("name", "low", "high", "letters", "meaning"))

BYTES = 0
PORT = 1

FIELDS = (
    Field("node", 1, 12, SLUG_LETTERS, "the node's id"),
    Field("report_key", 32, 32, BYTES, "key of the seal on its reports"),
    Field("token", 1, 128, None, "InfluxDB token that may write this node's points"),
    Field("ssid", 0, 32, None, "Wi-Fi network; empty = Ethernet"),
    Field("password", 0, 63, None, "Wi-Fi password; empty = open network"),
    Field("host", 1, 63, HOST_LETTERS, "server that takes the reports, as its certificate names it"),
    Field("port", 1, 65535, PORT, "its HTTPS port"),
    Field("org", 1, 64, None, "InfluxDB organisation"),
    Field("bucket", 1, 64, None, "InfluxDB bucket"),
    Field("ca_der", 1, 3072, BYTES, "certificate of the authority that signed the server's, DER"),
    Field("clock_server_1", 1, 63, HOST_LETTERS, "first time server"),
    Field("clock_server_2", 0, 63, HOST_LETTERS, "second time server, asked about big jumps"),
)

SECTOR_SIZE = 4096
MAGIC = b"TPID"
LAYOUT = 1
HEAD = "<4sH"
_CRC_AT = SECTOR_SIZE - 4


class Identity:
    """One attribute per row of FIELDS: bytes, int (port) or str."""

    def __init__(self, **values):
        """Raises IdentityError for the first value that breaks its row, or is missing."""
        for field in FIELDS:
            if field.name not in values:
                raise IdentityError("identity: " + field.name + " is missing")
            value = values.pop(field.name)
            _check(field, value)
            setattr(self, field.name, value)
        for name in values:
            raise IdentityError("identity: there is no " + name)


def _check(field, value) -> None:
    wanted = bytes if field.letters == BYTES else int if field.letters == PORT else str
    if not isinstance(value, wanted):
        raise IdentityError("identity: %s is not %s" % (field.name, wanted.__name__))
    size = value if wanted is int else len(value.encode()) if wanted is str else len(value)
    if not field.low <= size <= field.high:
        unit = "" if wanted is int else " bytes"
        raise IdentityError(
            "identity: %s is %d%s, not %d..%d" % (field.name, size, unit, field.low, field.high)
        )
    if wanted is not str:
        return
    for letter in value:
        if ord(letter) < 32 or ord(letter) == 127 or (field.letters and letter not in field.letters):
            raise IdentityError("identity: %s may not hold %r" % (field.name, letter))


def pack(identity) -> bytes:
    """Return the SECTOR_SIZE bytes that read() reads. Raises IdentityError when it is too big."""
    rows = [struct.pack(HEAD, MAGIC, LAYOUT)]
    for field in FIELDS:
        value = getattr(identity, field.name)
        if field.letters == PORT:
            value = struct.pack("<H", value)
        elif field.letters != BYTES:
            value = value.encode()
        rows.append(struct.pack("<H", len(value)))
        rows.append(value)
    body = b"".join(rows)
    if len(body) > _CRC_AT:
        raise IdentityError("identity: %d bytes do not fit into one sector" % len(body))
    body += b"\xff" * (_CRC_AT - len(body))
    return body + struct.pack("<I", binascii.crc32(body))


def read(sector) -> Identity:
    """Return the identity in a sector. Raises IdentityError that says what to do."""
    if len(sector) != SECTOR_SIZE:
        raise IdentityError("identity: %d bytes are not one sector" % len(sector))
    magic, layout = struct.unpack_from(HEAD, sector, 0)
    if magic != MAGIC:
        raise IdentityError("identity: none here; provision this node")
    body = memoryview(sector)[:_CRC_AT]
    if struct.unpack_from("<I", sector, _CRC_AT)[0] != binascii.crc32(body):
        raise IdentityError("identity: damaged; provision this node again")
    if layout != LAYOUT:
        raise IdentityError("identity: layout %d, this firmware reads %d; provision again" % (layout, LAYOUT))
    values = {}
    at = struct.calcsize(HEAD)
    for field in FIELDS:
        size = struct.unpack_from("<H", sector, at)[0] if at + 2 <= _CRC_AT else _CRC_AT
        at += 2
        if at + size > _CRC_AT:
            raise IdentityError("identity: damaged; provision this node again")
        values[field.name] = _unpack(field, bytes(body[at : at + size]))
        at += size
    return Identity(**values)


def _unpack(field, raw: bytes):
    if field.letters == BYTES:
        return raw
    if field.letters == PORT:
        return struct.unpack("<H", raw)[0] if len(raw) == 2 else 0
    try:
        return raw.decode()
    except UnicodeError:
        raise IdentityError("identity: " + field.name + " is not text")
