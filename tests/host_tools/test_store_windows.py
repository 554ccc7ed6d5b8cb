"""Silence is never zero: which windows there are, and what is known of each."""

import time

from torgpuls.host_tools.store.interface import Report
from torgpuls.host_tools.store.windows import windows_of

FAR_S = 10**6


def report(start_s, present=1, gap_windows=0, window_s=300, node="n1"):
    fields = {
        "present": present, "window_s": window_s, "gap_windows": gap_windows,
        "listen_ms_low": 100_000, "listen_ms_mid": 50_000, "listen_ms_high": 0,
    }  # fmt: skip
    return Report(start_s, "square", node, fields)


def states(reports, start_s=0, end_s=FAR_S, now_s=FAR_S):
    return [(w.start_s, w.state, w.present) for w in windows_of(reports, start_s, end_s, now_s)]


def test_a_report_is_one_window_with_how_long_it_was_listened_to():
    (window,) = windows_of([report(600, 12)], 0, 900, 900)
    assert window[:6] == (600, 300, "square", "n1", 12, 500)
    assert window.state == "reported"


def test_declared_windows_are_not_listened_and_the_others_not_reported():
    assert states([report(0), report(1800, gap_windows=2)], end_s=2100) == [
        (0, "reported", 1),
        (300, "not_reported", None),
        (600, "not_reported", None),
        (900, "not_reported", None),
        (1200, "not_listened", None),
        (1500, "not_listened", None),
        (1800, "reported", 1),
    ]


def test_after_the_last_report_every_ended_window_is_not_reported():
    assert states([report(0)], now_s=1000) == [
        (0, "reported", 1), (300, "not_reported", None), (600, "not_reported", None),
    ]  # fmt: skip


def test_before_a_place_s_first_report_there_is_nothing_but_what_it_declares():
    assert states([report(900, gap_windows=1)], end_s=1200) == [
        (600, "not_listened", None), (900, "reported", 1),
    ]  # fmt: skip


def test_the_neighbours_outside_the_range_tell_about_its_edges():
    reports = [report(0), report(3000, gap_windows=3)]
    assert states(reports, 1500, 2700) == [
        (1500, "not_reported", None), (1800, "not_reported", None),
        (2100, "not_listened", None), (2400, "not_listened", None),
    ]  # fmt: skip


def test_more_declared_windows_than_there_is_room_for_stop_at_the_report_before():
    assert states([report(0), report(900, gap_windows=4_000_000_000)], end_s=1200) == [
        (0, "reported", 1), (300, "not_listened", None), (600, "not_listened", None), (900, "reported", 1),
    ]  # fmt: skip


def test_a_change_of_the_window_s_length_leaves_no_overlap():
    assert states([report(0), report(1200, window_s=600, gap_windows=1)], end_s=1800) == [
        (0, "reported", 1), (300, "not_reported", None), (600, "not_listened", None), (1200, "reported", 1),
    ]  # fmt: skip


def test_two_nodes_at_one_place_give_both_their_windows_and_no_gap():
    reports = [report(0), report(0, 5, node="n2"), report(300, node="n2")]
    assert states(reports, end_s=600) == [(0, "reported", 1), (0, "reported", 5), (300, "reported", 1)]


def test_fields_that_make_no_sense_break_nothing():
    strange = Report(300, "square", "n1", {"present": "many", "window_s": -5, "gap_windows": 1.5})
    assert states([strange], end_s=600) == [(300, "reported", None)]


def test_a_report_of_the_far_future_costs_no_more_than_the_range_that_is_asked_for():
    far = report(9_223_371_900, gap_windows=4_000_000_000)
    counted = windows_of([report(0), far], 0, 900, 900)
    assert [(w.start_s, w.state) for w in counted] == [
        (0, "reported"), (300, "not_listened"), (600, "not_listened"),
    ]  # fmt: skip
    far = far._replace(fields={**far.fields, "gap_windows": 0})
    start = time.monotonic()
    assert len(list(windows_of([report(0), far], 0, 900, 900))) == 3
    assert time.monotonic() - start < 1


def test_a_length_that_no_node_can_have_is_not_believed():
    for window_s in (-300, 0, 1, 2**63 - 1):
        (window,) = windows_of([report(0, window_s=window_s)], 0, 60, 60)
        assert window.window_s == 300
