"""SNTP: what a time server's answer must look like before its time is believed."""

import struct

from torgpuls.firmware.node import errors, sntp

NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def answer(seconds, fraction=0, first=0x24, stratum=2, originate=NONCE, reference=b"\x7f\0\0\1"):
    """An answer by the drawing in RFC 4330, 4: first 0x24 = no warning, version 4, server."""
    head = struct.pack(">BBBb", first, stratum, 3, -20) + b"\0" * 8 + reference
    return head + b"\0" * 8 + originate + b"\xaa" * 8 + struct.pack(">II", seconds, fraction)


def refused(packet, words):
    try:
        sntp.unix_s(packet, NONCE, 0)
    except errors.NetworkError as error:
        assert words in str(error), str(error)
        return
    raise AssertionError("it was believed")


def test_the_question_is_a_client_packet_that_carries_only_the_nonce():
    packet = sntp.question(NONCE)
    assert len(packet) == 48
    assert packet[0] == 0b00_100_011  # RFC 4330, 4: no leap warning, version 4, mode 3 = client
    assert packet[1:40] == b"\0" * 39
    assert packet[40:] == NONCE


def test_seconds_since_1900_become_seconds_since_1970():
    # RFC 868: 2,208,988,800 is 00:00 1 Jan 1970, 2,524,521,600 is 00:00 1 Jan 1980
    assert sntp.unix_s(answer(2208988800), NONCE, 0) == 0
    assert sntp.unix_s(answer(2524521600), NONCE, 0) == 315532800


def test_times_beyond_2036_stay_right():
    # RFC 5905, 6, figure 4: the first day of era 1 is 8 Feb 2036; 2085978496 is `date -d
    # "2036-02-07 06:28:16 UTC" +%s`.
    assert sntp.unix_s(answer(0xFFFFFFFF), NONCE, 0) == 2085978495
    assert sntp.unix_s(answer(0, fraction=1), NONCE, 0) == 2085978496
    assert sntp.unix_s(answer(63104), NONCE, 0) == 2085978496 + 63104


def test_the_time_is_rounded_at_the_moment_of_arrival():
    half = 0x80000000
    assert sntp.unix_s(answer(2208988800 + 10, half - 0x2000000), NONCE, 0) == 10
    assert sntp.unix_s(answer(2208988800 + 10, half), NONCE, 0) == 11
    assert sntp.unix_s(answer(2208988800 + 10, 0), NONCE, 998) == 10
    assert sntp.unix_s(answer(2208988800 + 10, 0), NONCE, 1000) == 11
    assert sntp.unix_s(answer(2208988800 + 10, half), NONCE, 3000) == 12


def test_an_answer_longer_than_48_bytes_is_read_as_far_as_it_is_drawn():
    assert sntp.unix_s(answer(2208988801) + b"\0" * 20, NONCE, 0) == 1  # RFC 5905, 7.3: a MAC may follow


def test_what_was_not_asked_is_not_believed():
    refused(answer(2524521600)[:47], "too short")
    refused(b"", "too short")
    refused(answer(2524521600, originate=b"\0" * 8), "another question")
    for mode in (0, 1, 2, 3, 5, 6, 7):
        refused(answer(2524521600, first=0x20 | mode), "another question")


def test_a_server_that_does_not_know_the_time_is_not_believed():
    refused(answer(2524521600, first=0xE4), "does not know the time")  # leap indicator 3
    refused(answer(2524521600, stratum=16), "does not know the time")
    refused(answer(2524521600, stratum=255), "does not know the time")
    refused(answer(0, 0), "does not know the time")


def test_a_kiss_of_death_names_its_code():
    # RFC 4330, 8: RATE, DENY, RSTR among others
    refused(answer(2524521600, stratum=0, reference=b"RATE"), "(RATE): ask another one")
    refused(answer(2524521600, stratum=0, first=0xE4, reference=b"DENY"), "(DENY)")
    refused(answer(2524521600, stratum=0, reference=b"\r\n\x1b["), "()")
