"""The seal on a report: a truncated HMAC under the node's own report key.

It shows anyone who has the report key that a report's values are those the node wrote, so
that a stolen write token cannot rewrite a place's history unseen. What is sealed:

    0                 12                             135
    +-----------------+------------------------------+
    | node id, zeros  | slot bytes 1..123 (report.py)|
    +-----------------+------------------------------+
"""

import binascii
import hashlib

SEAL_BYTES = 8
_NODE_SIZE = 12
_BLOCK = 64  # SHA-256's block, FIPS 180-4


def hmac_sha256(key, message) -> bytes:
    """Return the 32 bytes of HMAC-SHA256. Source: RFC 2104, 2; vectors in RFC 4231."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    inner = bytearray(b"\x36" * _BLOCK)
    outer = bytearray(b"\x5c" * _BLOCK)
    for i, byte in enumerate(key):
        inner[i] ^= byte
        outer[i] ^= byte
    digest = hashlib.sha256(inner)
    digest.update(message)
    outer_digest = hashlib.sha256(outer)
    outer_digest.update(digest.digest())
    return outer_digest.digest()


def seal(key, node: str, slot) -> str:
    """Return the seal of a slot as 16 hexadecimal digits; its state and CRC are not covered."""
    message = bytearray(_NODE_SIZE)
    message[: len(node)] = node.encode()
    message.extend(memoryview(slot)[1:124])
    return binascii.hexlify(hmac_sha256(key, message)[:SEAL_BYTES]).decode()
