"""What the tally does when its tables are too small, and that nothing is left in them afterwards."""

import random

import pytest
from sniffer import tally_library, tally_unbounded
from sniffer.tally_library import count
from sniffer.tally_unbounded import Heard

NEAR, FAR = -60, -90
SMALL = {"addresses": 512, "models": 64}  # 32 sets


def passers_by(number: int, seed: int = 1, rssi_dbm: int = NEAR, models: int = 20) -> list[Heard]:
    """Return one frame each of addresses that are never heard again, evenly over five minutes."""
    rnd = random.Random(seed)
    devices = rnd.sample(range(1 << 20), number)
    return [
        Heard(3000 * n // number, device, rnd.randrange(models), rssi_dbm) for n, device in enumerate(devices)
    ]


def by_time(*parts: list[Heard]) -> list[Heard]:
    return sorted((heard for part in parts for heard in part), key=lambda heard: heard.time_tenths)


def in_one_set(number: int) -> list[int]:
    """Return devices that share a set of the small table."""
    return [32 * n for n in range(number)]


@pytest.mark.parametrize("addresses", [0, 16, 496, 512 + 16, 1 << 21])
def test_a_number_of_sets_that_is_not_allowed_is_refused(addresses):
    with pytest.raises(ValueError):
        count([], addresses, 64)


@pytest.mark.parametrize("models", [0, 512])
def test_a_number_of_models_that_is_not_allowed_is_refused(models):
    with pytest.raises(ValueError):
        count([], 512, models)


@pytest.mark.parametrize("addresses, models", [(512, 1), (512, 511), (1 << 20, 64)])
def test_the_smallest_and_largest_tables_count(addresses, models):
    assert count([(0, 0xFFFFF, 0xFFF, NEAR)], addresses, models).f == (1, 1, 1)


def test_sixteen_addresses_of_one_set_are_all_remembered():
    devices = in_one_set(16)
    traffic = [(time, device, device % 7, NEAR) for time in (0, 200) for device in devices]
    assert count(traffic, **SMALL).s_q8 == (16 * 256,) * 3


def test_a_persistent_address_is_not_pushed_out_by_new_ones():
    stays = [(0, 0, 1, NEAR), (200, 0, 1, NEAR)]
    others = [(300 + n, device, 2, NEAR) for n, device in enumerate(in_one_set(200)[1:])]
    back = [(2900, 0, 1, NEAR)]
    assert count(stays + others, **SMALL) == count(stays + others + back, **SMALL)


def test_a_set_full_of_persistent_addresses_still_counts_new_ones():
    stay = [(time, device, 1, NEAR) for time in (0, 200) for device in in_one_set(16)]
    new = [(500 + n, 32 * n + 32 * 16, 2, NEAR) for n in range(20)]
    counts = count(stay + new, **SMALL)
    assert counts.s_q8 == (17 * 256,) * 3
    assert counts.f == (1, 1, 1)


def test_of_a_set_full_of_persistent_addresses_the_longest_silent_one_is_given_up():
    stay = [(time + n, 32 * n, 1, NEAR) for time in (0, 200) for n in range(16)]
    new = [(300, 32 * 16, 2, NEAR)]
    kept = [(time, 32 * n, 1, NEAR) for time in (400, 600) for n in range(1, 16)]
    assert count(stay + new + kept, **SMALL) == count(stay + new, **SMALL)


def test_of_addresses_that_return_later_than_the_table_remembers_many_are_recognised():
    crowd = passers_by(6000, models=1)
    phones = [Heard(time, 1031 * n, 1, NEAR) for n in range(60) for time in range(7 * n % 300, 3000, 300)]
    counts = count(by_time(crowd, phones), **SMALL)
    assert 30 < counts.s_q8[0] / 256 <= 60 + 5
    assert counts.addresses_full


@pytest.mark.parametrize("number", [100, 500, 1000])
def test_the_addresses_flag_is_silent_while_the_table_suffices(number):
    assert not count(passers_by(number), 2048, 128).addresses_full


def test_the_addresses_flag_is_silent_when_nothing_that_was_forgotten_can_matter():
    far_away = passers_by(8000, rssi_dbm=FAR)
    assert not count(far_away, 2048, 128).addresses_full
    assert not count(by_time(far_away, passers_by(1000, seed=2)), 2048, 128).addresses_full


def test_the_addresses_flag_is_raised_when_too_much_was_forgotten():
    assert count(passers_by(8000), 2048, 128).addresses_full


def test_the_addresses_flag_is_raised_when_addresses_come_back_just_before_they_would_be_forgotten():
    crowd = passers_by(1000)
    assert not count(crowd, **SMALL).addresses_full
    back = [Heard(time, 1031 * n, 1, NEAR) for n in range(100) for time in (900 + n, 1900 + n)]
    assert count(by_time(crowd, back), **SMALL).addresses_full


def test_the_addresses_flag_is_raised_when_too_many_talk_at_once():
    talkers = [(time + n // 10, n, n % 20, NEAR) for time in (0, 100) for n in range(400)]
    assert tally_unbounded.count(Heard(*talker) for talker in talkers)[0][1] == 20
    counts = count(talkers, **SMALL)
    assert counts.f[0] < 20
    assert counts.addresses_full


def test_the_addresses_flag_counts_an_address_that_talked_at_once_with_others_only_once():
    at_once = [(0, device, 1, NEAR) for device in in_one_set(16)]
    later = [(200 + 20 * n, device, 1, FAR) for n in range(8) for device in in_one_set(16)]
    assert not count(at_once + later, **SMALL).addresses_full


def test_models_beyond_the_table_are_counted_as_one_phone_each():
    traffic = [(n, n * 37, n * 11, NEAR) for n in range(200)]
    for models in (1, 64, 128, 199, 200):
        assert count(traffic, 2048, models)[:2] == ((200 * 256,) * 3, (200,) * 3)


def test_of_models_beyond_the_table_it_is_guessed_which_were_heard_once():
    in_table = [(n, n, n, NEAR) for n in range(64)]
    beyond = [(100 + 60 * n, 1000 + n, 1000 + n % 20, NEAR) for n in range(40)]
    counts = count(in_table + beyond, **SMALL)
    assert counts.s_q8 == (84 * 256,) * 3
    assert counts.f == (64 + 20 * 20 // 40,) * 3


@pytest.mark.parametrize("models, raised", [(64, False), (67, False), (68, True), (150, True)])
def test_the_models_flag_is_raised_from_four_models_beyond_the_table(models, raised):
    traffic = [(n, n, n, NEAR) for n in range(models)]
    assert count(traffic, **SMALL).models_full == raised


def test_the_models_flag_is_silent_for_models_that_are_heard_behind_no_gate():
    traffic = [(n, n, n, NEAR if n < 64 else FAR) for n in range(150)]
    counts = count(traffic, **SMALL)
    assert not counts.models_full
    assert counts.f == (64, 64, 150)


def test_counters_stop_at_their_highest_value_instead_of_starting_again():
    phones = 65_600
    traffic = [(time, device, 1, NEAR) for time in (0, 200) for device in range(phones)]
    assert count(traffic, 1 << 20, 1).s_q8 == (65535 * 256,) * 3


def test_a_new_window_begins_empty():
    ffi, lib = tally_library.library()
    world = lib.world_new(512, 64)
    result = ffi.new("struct tally_result *")
    for window, full in ((passers_by(8000, models=400), True), (passers_by(400, models=50), False)):
        words = [tally_library.pack(*heard) for heard in window]
        lib.world_count(world, ffi.new("struct sighting[]", words), len(words), result)
        assert (result.addresses_full, result.models_full) == (full, full)
    lib.world_free(world)
    alone = count(window, **SMALL)
    assert (tuple(result.s_q8), tuple(result.f)) == (alone.s_q8, alone.f)


@pytest.mark.parametrize("number", [1, 300, 5000])
def test_nothing_of_a_window_is_left_in_memory(number):
    count(passers_by(number, models=400), **SMALL)  # count() looks at every byte afterwards


def test_forgetting_a_window_leaves_nothing_either():
    ffi, lib = tally_library.library()
    words = [tally_library.pack(*heard) for heard in passers_by(300, models=400)]
    world = lib.world_new(512, 64)
    lib.world_add(world, ffi.new("struct sighting[]", words), len(words))
    assert lib.world_bytes_left(world) > 300
    lib.world_wipe(world)
    assert lib.world_bytes_left(world) == 0
    lib.world_free(world)


@pytest.mark.parametrize("addresses, models, at_most", [(1024, 64, 9216), (2048, 128, 16384)])
def test_the_tables_take_no_more_memory_than_a_board_plans_for(addresses, models, at_most):
    assert tally_library.table_bytes(addresses, models) <= at_most


@pytest.mark.parametrize("seed", range(5))
def test_two_thousand_addresses_are_counted_within_a_tenth_of_the_unbounded_figure(seed):
    stay = [Heard(t, 5000 + n, n % 9, NEAR) for n in range(60) for t in range(n * 9 % 400, 3000, 400)]
    traffic = by_time(stay, passers_by(1940, seed, models=60))
    unbounded = tally_unbounded.people(tally_unbounded.count(traffic))
    assert count(traffic, 1024, 64).people == pytest.approx(unbounded, rel=0.1)
    assert count(traffic, 2048, 128).people == pytest.approx(unbounded, rel=0.02)
