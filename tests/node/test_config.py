"""Settings: what is accepted, what is said about the rest, and the slot in flash."""

import binascii

from node.expect import raises
from torgpuls.firmware.node import config
from torgpuls.firmware.node.errors import ConfigError


def test_nothing_set_means_every_default():
    whole = config.check({})
    assert whole == config.defaults()
    assert len(whole) == len(config.FIELDS)
    assert whole["window_s"] == 300


def test_what_is_set_replaces_the_default():
    whole = config.check({"window_s": 600, "channels": [1, 5, 9, 13], "place": "old-town-1"})
    assert (whole["window_s"], whole["channels"], whole["place"]) == (600, (1, 5, 9, 13), "old-town-1")


def test_the_message_names_the_setting_and_what_is_wrong():
    for settings, message in (
        ({"window_s": 5}, "window_s: 5 is not in 60..3600"),
        ({"window_s": 7200}, "window_s: 7200 is not in 60..3600"),
        ({"window_s": 420}, "window_s: 420 does not divide an hour (3600) evenly"),
        ({"window_s": "300"}, "window_s: '300' is not a whole number"),
        ({"window_s": True}, "window_s: True is not a whole number"),
        ({"windows": 300}, "windows: there is no such setting"),
        ({"channels": []}, "channels: the list is empty"),
        ({"channels": 6}, "channels: 6 is not a list of numbers"),
        ({"channels": [1, 14]}, "channels: 14 is not in 1..13"),
        ({"channels": [1, 6, 1]}, "channels: 1 stands there twice"),
        ({"place": ""}, "place: '' is 0 characters long, not 1..24"),
        ({"place": "Markt"}, "place: 'M' is not one of " + config.SLUG_LETTERS),
        ({"place": 3}, "place: 3 is not text"),
        (
            {"window_s": 60, "channels": [1, 6], "dwell_ms": 31000},
            "dwell_ms: 31000 ms on each of the channels do not fit into one window",
        ),
    ):
        assert str(raises(ConfigError, config.check, settings)) == message


def test_both_edges_of_every_range_are_accepted_and_no_more():
    for field in config.FIELDS:
        if isinstance(field.default, int) and field.name not in ("window_s", "dwell_ms"):
            for edge in (field.low, field.high):
                assert config.check({field.name: edge})[field.name] == edge
            for beyond in (field.low - 1, field.high + 1):
                error = raises(ConfigError, config.check, {field.name: beyond})
                assert error.name == field.name
    assert config.check({"window_s": 60})["window_s"] == 60
    assert config.check({"window_s": 3600})["window_s"] == 3600


def test_a_slot_gives_back_version_and_settings():
    slot = config.pack({"window_s": 600, "place": "station"}, 77)
    assert len(slot) == config.SLOT_SIZE
    version, settings = config.read(slot)
    assert version == 77
    assert settings == config.check({"window_s": 600, "place": "station"})


def test_a_slot_is_the_drawn_bytes():
    slot = config.pack({"dwell_ms": 250}, 2)
    assert slot[:12] == b"TPCF" + b"\x01\x00" + b"\x11\x00" + b"\x02\x00\x00\x00"
    assert slot[16:33] == b'{"dwell_ms": 250}'
    assert slot[33:] == b"\xff" * (4096 - 33)


def test_every_damaged_bit_of_a_config_is_detected():
    slot = bytearray(config.pack({"dwell_ms": 250}, 2))
    for i in range(33 * 8):
        slot[i // 8] ^= 1 << i % 8
        assert raises(ConfigError, config.read, slot).name == "slot"
        slot[i // 8] ^= 1 << i % 8


def test_bytes_that_are_no_slot_are_a_config_error_whatever_json_makes_of_them():
    for text in (b"{5: 1}", b"{null: 1}", b"[" * 1200, b"[1]", b'{"place": [[', b""):
        slot = bytearray(config.pack({}, 1))
        slot[6:8] = bytes((len(text) & 255, len(text) >> 8))
        slot[16 : 16 + len(text)] = text
        crc = binascii.crc32(text, binascii.crc32(slot[:12]))
        slot[12:16] = crc.to_bytes(4, "little")
        raises(ConfigError, config.read, slot)
    for size in (0, 11, 4095, 4097):
        raises(ConfigError, config.read, config.pack({}, 1)[:size] if size < 4096 else b"TPCF" * 1025)


def test_an_erased_slot_holds_no_config():
    assert str(raises(ConfigError, config.read, b"\xff" * 4096)) == "slot: holds no config"


def test_a_wrong_setting_is_never_packed():
    raises(ConfigError, config.pack, {"window_s": 5}, 1)
