"""One question to a time server and its answer: SNTP without I/O.

The packet (RFC 4330, 4; 48 bytes, big endian, seconds since 1900):

    0    1       2      3           4            24         32         40         48
    +----+-------+------+-----------+------------+----------+----------+----------+
    |mode|stratum| poll | precision | root …     | originate| receive  | transmit |
    +----+-------+------+-----------+------------+----------+----------+----------+
     LI 2 | version 3 | mode 3 bits               timestamps: seconds u32, fraction u32

The question carries a nonce where a clock would write its time, and the server echoes it as
`originate`: an answer that was not asked for is not believed, and the question tells nothing
about this clock (RFC 4330, 5, allows it).
"""

import struct

from . import errors

PACKET_SIZE = 48
NONCE_SIZE = 8
PORT = 123

_PACKET = ">BBbb20x8s8sII"
_CLIENT = 4 << 3 | 3  # version 4, mode 3
_SERVER_MODE = 4
_UNSYNCHRONIZED = 3  # leap indicator
_STRATUM_MAX = 15
_S_1900_TO_1970 = 2208988800  # RFC 868
_ERA_S = 1 << 32


def question(nonce: bytes) -> bytes:
    """Return the packet to send; nonce: NONCE_SIZE random bytes, new for each question."""
    return struct.pack(">B39x8s", _CLIENT, nonce)


def unix_s(packet: bytes, nonce: bytes, round_trip_ms: int) -> int:
    """Return UTC in seconds since 1970, rounded, at the moment when `packet` arrived.

    nonce: what question() was given; round_trip_ms: from the question to this answer.
    Raises NetworkError when this is no answer to that question, or one not to be believed.
    """
    if len(packet) < PACKET_SIZE:
        raise errors.NetworkError("the time server's answer is too short")
    first, stratum, _, _, originate, _, seconds, fraction = struct.unpack(_PACKET, packet[:PACKET_SIZE])
    if first & 7 != _SERVER_MODE or originate != nonce:
        raise errors.NetworkError("the time server's answer belongs to another question")
    if stratum == 0:
        # RFC 4330, 8: a kiss of death; the reference identifier (bytes 12 to 16) says why.
        code = "".join(chr(byte) for byte in packet[12:16] if 65 <= byte <= 90)
        raise errors.NetworkError("the time server refuses this node (" + code + "): ask another one")
    if stratum > _STRATUM_MAX or first >> 6 == _UNSYNCHRONIZED or (seconds == 0 and fraction == 0):
        raise errors.NetworkError("the time server does not know the time: ask another one")
    if seconds < _ERA_S >> 1:
        seconds += _ERA_S  # RFC 4330, 3: with bit 0 clear the time is after 2036-02-07 06:28:16
    arrival_ms = (fraction >> 22) * 1000 // 1024 + round_trip_ms // 2
    return seconds - _S_1900_TO_1970 + (arrival_ms + 500) // 1000
