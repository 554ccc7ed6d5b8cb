"""Driver and listener on two cores: the ring, the window's key, what a late frame may do."""

import pytest
from sniffer.c_programs import PORTABLE, THREAD_CHECKS, compiled, run

WRAPPED = ("-Wl,--wrap=frame_read", "-DSNIFFER_RING=64")


def ring():
    return compiled("ring_threads", ("ring_threads.c",), ("ring.c",), *THREAD_CHECKS)


@pytest.mark.parametrize("pause_every", [1, 7, 1000])
def test_sightings_cross_cores_in_order_and_every_one_is_accounted_for(pause_every):
    taken, dropped = map(int, run(ring(), "200000", str(pause_every)).split())
    assert taken + dropped == 200_000
    assert taken > 0


def test_a_listener_that_never_comes_costs_all_but_a_ringful():
    assert run(ring(), "5000", "0").split() == ["64", str(5000 - 64)]


def test_frames_that_come_late_are_neither_hashed_without_a_key_nor_left_behind():
    program = compiled("window_threads", ("window_threads.c",), PORTABLE, *THREAD_CHECKS, *WRAPPED)
    windows, kept, _, unheard = map(int, run(program, "500", "0").split())
    assert windows == 500
    assert kept > 0
    assert unheard > 0


def test_stopping_and_closing_in_turns_keeps_the_order_of_key_and_frames():
    program = compiled("window_threads", ("window_threads.c",), PORTABLE, *THREAD_CHECKS, *WRAPPED)
    assert run(program, "500", "3").split()[0] == "500"
