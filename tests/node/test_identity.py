"""The identity sector: what goes in comes out, and nothing else is believed."""

from node.expect import raises
from torgpuls.firmware.node import identity
from torgpuls.firmware.node.errors import IdentityError

VALUES = {
    "node": "kiosk-7",
    "report_key": bytes(range(32)),
    "token": "t0ken",
    "ssid": "Stadtnetz",
    "password": "geheim, aber kurz",
    "host": "counts.example.org",
    "port": 8086,
    "org": "town",
    "bucket": "presence",
    "ca_der": b"\x30\x82" + bytes(500),
    "clock_server_1": "192.0.2.1",
    "clock_server_2": "time.example.org",
}


def made(**changes):
    values = dict(VALUES)
    values.update(changes)
    return identity.Identity(**values)


def test_a_sector_gives_back_every_field():
    sector = identity.pack(made())
    assert len(sector) == 4096
    again = identity.read(sector)
    for name in VALUES:
        assert getattr(again, name) == VALUES[name]


def test_a_sector_is_the_drawn_bytes():
    sector = identity.pack(made())
    assert sector[:15] == b"TPID" + b"\x01\x00" + b"\x07\x00" + b"kiosk-7"
    assert sector[15:49] == b"\x20\x00" + bytes(range(32))
    assert sector[-5:-4] == b"\xff"


def test_every_damaged_bit_is_detected():
    sector = bytearray(identity.pack(made()))
    for i in range(4096 * 8):
        sector[i // 8] ^= 1 << i % 8
        raises(IdentityError, identity.read, sector)
        sector[i // 8] ^= 1 << i % 8


def test_an_erased_sector_says_what_to_do():
    error = raises(IdentityError, identity.read, b"\xff" * 4096)
    assert str(error) == "identity: none here; provision this node"


def test_a_sector_of_another_size_is_refused():
    raises(IdentityError, identity.read, identity.pack(made())[:4095])


def test_both_edges_of_every_size_are_kept_and_no_more():
    for field in identity.FIELDS:
        for size in (field.low, field.high):
            if field.letters != identity.PORT:
                value = b"k" * size if field.letters == identity.BYTES else "n" * size
                again = identity.read(identity.pack(made(**{field.name: value})))
                assert getattr(again, field.name) == value
        beyond = field.high + 1
        if field.letters != identity.PORT:
            beyond = b"k" * beyond if field.letters == identity.BYTES else "n" * beyond
        raises(IdentityError, made, **{field.name: beyond})


def test_a_text_may_not_leave_its_letters():
    for name, value in (("node", "Kiosk"), ("host", "a b"), ("token", "a\r\nb"), ("ssid", "a\0")):
        raises(IdentityError, made, **{name: value})


def test_a_missing_or_unknown_field_is_named():
    values = dict(VALUES)
    values.pop("token")
    assert "token" in str(raises(IdentityError, identity.Identity, **values))
    assert "colour" in str(raises(IdentityError, made, colour="red"))


def test_all_fields_at_their_largest_fit():
    largest = {}
    for field in identity.FIELDS:
        if field.letters == identity.PORT:
            largest[field.name] = field.high
        else:
            largest[field.name] = b"k" * field.high if field.letters == identity.BYTES else "n" * field.high
    assert len(identity.pack(made(**largest))) == 4096
