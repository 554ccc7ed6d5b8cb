"""The seal: HMAC-SHA256 against RFC 4231, and what it covers."""

from binascii import hexlify

from torgpuls.firmware.node import seal

# RFC 4231, 4.2 to 4.8 (test case 5 is truncated there).
VECTORS = (
    (
        b"\x0b" * 20,
        b"Hi There",
        b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        b"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        b"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (b"\x0c" * 20, b"Test With Truncation", b"a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data."
        b" The key needs to be hashed before being used by the HMAC algorithm.",
        b"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


def test_hmac_matches_every_vector_of_rfc_4231():
    for key, message, digest in VECTORS:
        assert hexlify(seal.hmac_sha256(key, message))[: len(digest)] == digest


def test_a_seal_covers_the_node_and_every_value_but_not_state_and_crc():
    key = bytes(range(32))
    slot = bytearray(range(128))
    mark = seal.seal(key, "n-1", slot)
    assert len(mark) == 16
    assert seal.seal(key, "n-2", slot) != mark
    assert seal.seal(bytes(32), "n-1", slot) != mark
    for i in range(128):
        slot[i] ^= 1
        assert (seal.seal(key, "n-1", slot) != mark) == (1 <= i <= 123)
        slot[i] ^= 1
