"""Windows on UTC, gaps between them, and which time is believed."""

from torgpuls.firmware.node import timeline

BUILD_S = 1760000000
NOW_S = 1760400000  # a multiple of 300, of 600 and of 3600


def after(start_s, window_s=300, new_window_s=300):
    line = timeline.Timeline(new_window_s, BUILD_S)
    line.reported(start_s, window_s)
    return line


def test_a_window_starts_at_a_multiple_of_its_length():
    line = timeline.Timeline(300, BUILD_S)
    for now_s in (NOW_S, NOW_S + 1, NOW_S + 299):
        assert line.start_s(now_s) == NOW_S
    assert line.start_s(NOW_S + 300) == NOW_S + 300


def test_the_first_window_ever_has_no_gap():
    assert timeline.Timeline(300, BUILD_S).gap_windows(NOW_S) == 0


def test_windows_since_the_last_report_are_the_gap():
    line = after(NOW_S)
    assert line.gap_windows(NOW_S + 300) == 0
    assert line.gap_windows(NOW_S + 600) == 1
    assert line.gap_windows(NOW_S + 300 * 289) == 288


def test_no_window_at_or_before_the_last_reported_one_opens():
    line = after(NOW_S)
    for now_s in (NOW_S - 1, NOW_S, NOW_S + 299):
        assert line.start_s(now_s) == -1
    assert line.start_s(NOW_S + 300) == NOW_S + 300


def test_a_longer_window_waits_until_it_overlaps_nothing():
    line = after(NOW_S, 300, 600)
    assert line.start_s(NOW_S + 300) == -1
    assert line.start_s(NOW_S + 600) == NOW_S + 600
    assert line.gap_windows(NOW_S + 600) == 0  # half a window of the new length: belongs to none


def test_a_gap_is_counted_in_the_new_length():
    assert after(NOW_S, 600, 300).gap_windows(NOW_S + 1200) == 2
    assert after(NOW_S, 300, 600).gap_windows(NOW_S + 3000) == 4


def test_the_floor_is_the_later_of_build_time_and_last_report():
    assert timeline.Timeline(300, BUILD_S).floor_s == BUILD_S
    assert after(NOW_S).floor_s == NOW_S
    assert after(BUILD_S - 7200).floor_s == BUILD_S


def test_time_below_build_time_is_refused_whatever_the_node_believes():
    line = after(NOW_S)
    for now_s in (0, NOW_S + 5, NOW_S + 90000):
        assert line.judge(now_s, BUILD_S - 1) == timeline.REFUSE
        assert line.judge(now_s, 0) == timeline.REFUSE
    assert timeline.Timeline(300, 0).judge(0, 0) == timeline.REFUSE


def test_time_before_the_last_report_says_that_the_node_is_ahead():
    line = after(NOW_S)
    for answer_s in (BUILD_S, NOW_S - 1):
        assert line.judge(NOW_S + 400, answer_s) == timeline.AHEAD
        assert line.judge(0, answer_s) == timeline.REFUSE


def test_a_jump_of_more_than_a_day_needs_a_second_server():
    line = after(NOW_S)
    assert line.judge(0, NOW_S + 86400) == timeline.SET
    assert line.judge(0, NOW_S + 86401) == timeline.CONFIRM
    assert line.judge(NOW_S + 1000, NOW_S + 1000 + 86400) == timeline.SET
    assert line.judge(NOW_S + 1000, NOW_S + 1000 + 86401) == timeline.CONFIRM


def test_a_small_difference_is_left_alone():
    line = after(NOW_S)
    for off_s in (-2, -1, 0, 1, 2):
        assert line.judge(NOW_S + 500, NOW_S + 500 + off_s) == timeline.KEEP
    for off_s in (-3, 3):
        assert line.judge(NOW_S + 500, NOW_S + 500 + off_s) == timeline.SET


def test_a_clock_kept_over_a_reset_is_believed_for_a_day():
    line = after(NOW_S)
    assert line.kept_is_believed(NOW_S + 86400)
    for kept_s in (0, NOW_S - 1, NOW_S + 86401):
        assert not line.kept_is_believed(kept_s)


def test_two_servers_agree_within_a_minute():
    assert timeline.agree(NOW_S, NOW_S + 60) and timeline.agree(NOW_S + 60, NOW_S)
    assert not timeline.agree(NOW_S, NOW_S + 61)
