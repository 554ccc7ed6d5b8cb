"""The rules of tally.h, one by one, at both edges; expected values worked out by hand from its text."""

import pytest
from sniffer.tally_library import count

NEAR, MIDDLE, FAR = -60, -72, -90  # behind both gates, behind -75 only, behind none
PHONE, OTHER, THIRD = 1, 2, 3
MODEL = 7
ONE_PERSON = 256


def phones(*times_and_devices: tuple[int, int], rssi_dbm: int = NEAR, model: int = MODEL):
    """Return sightings of one model, all equally loud."""
    return [(time_tenths, device, model, rssi_dbm) for time_tenths, device in times_and_devices]


def test_an_empty_window_counts_nobody():
    assert count([]) == ((0, 0, 0), (0, 0, 0), False, False)


def test_one_frame_is_one_phone_heard_once_behind_every_gate():
    assert count(phones((0, PHONE))) == ((256, 256, 256), (1, 1, 1), False, False)


@pytest.mark.parametrize("pause_tenths, events", [(50, 1), (51, 2)])
def test_a_new_address_is_a_scan_event_when_its_model_was_quiet_for_more_than_5_seconds(pause_tenths, events):
    counts = count(phones((100, PHONE), (100 + pause_tenths, OTHER)))
    assert counts.f == ((1, 1, 1) if events == 1 else (0, 0, 0))
    assert counts.s_q8 == (256, 256, 256)


def test_the_pause_is_counted_from_the_last_new_address_even_if_that_was_no_event():
    assert count(phones((0, PHONE), (50, OTHER), (100, THIRD))).f == (1, 1, 1)
    assert count(phones((0, PHONE), (50, OTHER), (101, THIRD))).f == (0, 0, 0)


def test_a_known_address_does_not_prolong_the_pause():
    assert count(phones((0, PHONE), (50, PHONE), (51, OTHER))).f == (0, 0, 0)


@pytest.mark.parametrize("stay_tenths, heard_once", [(150, 1), (151, 0)])
def test_an_address_heard_again_after_more_than_15_seconds_is_persistent(stay_tenths, heard_once):
    counts = count(phones((0, PHONE), (stay_tenths, PHONE)))
    assert counts.f == (heard_once,) * 3
    assert counts.s_q8 == (256, 256, 256)


def test_15_seconds_count_from_the_first_frame_not_from_the_last():
    assert count(phones((0, PHONE), (100, PHONE), (151, PHONE))).f == (0, 0, 0)


def test_each_persistent_address_is_a_phone():
    at_once = [(time, device) for time in (0, 200) for device in range(5)]
    assert count(phones(*at_once)).s_q8 == (5 * ONE_PERSON,) * 3


def test_a_persistent_address_takes_its_scan_event_back():
    nine = phones(*[(time * 60, time) for time in range(9)])
    eight_and_one = [*nine, (1000, 0, MODEL, NEAR)]
    assert count(nine).s_q8 == (256 + 150,) * 3  # 1/2 log2(9 / 4) = 0.585
    assert count(eight_and_one).s_q8 == (256 + 128,) * 3  # 1/2 log2(8 / 4) = 0.5


def test_a_persistent_address_that_began_no_event_takes_none_back():
    five_events = [(time * 60, time) for time in range(5)]
    no_event = (301 - 60, 99)
    counts = count(phones(*sorted([*five_events, no_event, (500, 99)])))
    assert counts.s_q8 == (256 + 41,) * 3  # 1/2 log2(5 / 4) = 0.161


def test_an_address_is_persistent_once():
    counts = count(phones((0, PHONE), (200, PHONE), (400, PHONE), (600, PHONE)))
    assert counts.s_q8 == (256, 256, 256)


@pytest.mark.parametrize(
    "events, half_log2_q8", [(1, 0), (4, 0), (5, 41), (6, 75), (8, 128), (16, 256), (64, 512), (700, 954)]
)
def test_many_scan_events_speak_for_more_than_one_phone(events, half_log2_q8):
    counts = count(phones(*[(51 * n, n) for n in range(events)]))
    assert counts.s_q8 == (256 + half_log2_q8,) * 3


def test_s_adds_up_over_models_and_f_counts_them():
    sightings = [(0, model, model, NEAR) for model in range(10)]
    assert count(sightings) == ((2560,) * 3, (10,) * 3, False, False)


@pytest.mark.parametrize(
    "rssi_dbm, behind",
    [(-70, (1, 1, 1)), (-71, (0, 1, 1)), (-75, (0, 1, 1)), (-76, (0, 0, 1)), (-128, (0, 0, 1))],
)
def test_a_frame_counts_behind_a_gate_when_it_is_at_least_as_loud(rssi_dbm, behind):
    counts = count(phones((0, PHONE), rssi_dbm=rssi_dbm))
    assert counts.f == behind
    assert counts.s_q8 == tuple(256 * heard for heard in behind)


def test_each_gate_has_its_own_first_frame():
    loud_at_last = [(0, PHONE, MODEL, FAR), (200, PHONE, MODEL, MIDDLE), (400, PHONE, MODEL, NEAR)]
    counts = count(loud_at_last)
    assert counts.f == (1, 0, 0)
    assert count([*loud_at_last, (551, PHONE, MODEL, NEAR)]).f == (0, 0, 0)


def test_an_address_is_persistent_behind_a_gate_only_by_frames_behind_it():
    counts = count([(0, PHONE, MODEL, NEAR), (200, PHONE, MODEL, FAR)])
    assert counts.f == (1, 1, 0)


def test_each_gate_has_its_own_pause():
    counts = count([(0, PHONE, MODEL, FAR), (40, OTHER, MODEL, NEAR), (80, THIRD, MODEL, NEAR)])
    assert counts.f == (1, 1, 1)
    counts = count([(0, PHONE, MODEL, NEAR), (40, OTHER, MODEL, FAR), (80, THIRD, MODEL, NEAR)])
    assert counts.f == (0, 0, 1)


def test_the_first_model_heard_with_an_address_stands():
    counts = count([(0, PHONE, 1, NEAR), (200, PHONE, 2, NEAR)])
    assert (counts.s_q8, counts.f) == ((256,) * 3, (0,) * 3)
    counts = count([(0, PHONE, 1, FAR), (10, PHONE, 2, NEAR), (12, OTHER, 1, NEAR)])
    assert counts.f == (1, 1, 1)  # behind the gates both are of model 1


def test_global_addresses_are_not_counted():
    assert count([(0, PHONE, MODEL, NEAR, False), (200, PHONE, MODEL, NEAR, False)]).s_q8 == (0, 0, 0)


def test_the_channel_does_not_matter():
    assert {count([(0, PHONE, MODEL, NEAR, True, channel)]).s_q8 for channel in range(16)} == {(256,) * 3}


def test_a_window_may_last_an_hour():
    one_per_minute = [(600 * minute, minute, MODEL, NEAR) for minute in range(60)]
    last_tenth = (35999, 99, MODEL, NEAR)
    counts = count([*one_per_minute, last_tenth, (36000, 0, MODEL, NEAR)])
    assert counts.s_q8 == (256 + 500,) * 3  # 60 + 1 - 1 events: 1/2 log2(60 / 4) = 1.953


def test_beyond_what_a_time_can_hold_nothing_is_new_again():
    late = [(65535, PHONE, MODEL, NEAR), (65535, OTHER, MODEL, NEAR)]
    assert count([(0, PHONE, MODEL, NEAR), *late]).s_q8 == (256,) * 3
    assert count(late).f == (1, 1, 1)


def test_a_time_that_goes_back_makes_nothing_persistent():
    assert count(phones((500, PHONE), (0, PHONE), (600, PHONE))).f == (1, 1, 1)


def test_every_device_and_model_hash_can_be_counted():
    corners = [
        (0, device, model, NEAR) for device, model in ((0, 0), (0, 4095), (0xFFFFF, 0), (0xFFFFE, 4095))
    ]
    assert count(corners).s_q8 == (2 * ONE_PERSON,) * 3
    assert count([(0, device, device >> 8, NEAR) for device in range(0, 1 << 20, 1 << 14)]).f == (64, 64, 64)
