"""One node played over one trace: the same on both interpreters, and never a made-up zero."""

import contextlib
import time
from array import array
from pathlib import Path

import pytest
from captures import formats
from captures.fixtures import BEGIN_S
from torgpuls.simulator.captures.timeline import Reading, Timeline, read_captures
from torgpuls.simulator.clock import VirtualClock
from torgpuls.simulator.interpreter import Plan, play_on
from torgpuls.simulator.radio import CaptureRadio

AS_RECORDED = {"place": "lab", "channels": [1], "dwell_ms": 10000, "window_s": 60}
NOON_S = BEGIN_S + 7200


def frame(number, model=1):
    """A probe request of local address `number`."""
    return (
        formats.PROBE[:10] + b"\x02" + number.to_bytes(5, "big") + formats.PROBE[16:] + bytes((45, 1, model))
    )


def timeline(*frames, reading=None):
    """(seconds after noon, MHz, frame)…"""
    after_s = NOON_S - formats.START_S
    packets = [(after_s + at_s, formats.radiotap(-50, mhz) + content) for at_s, mhz, content in frames]
    made = Timeline(reading or Reading())
    made.add_content(Path("made"), formats.pcap(packets))
    return made


def reports(made, spans, settings=AS_RECORDED, interpreter="cpython", seed=3, pace=0):
    heard = []
    plan = Plan([(round(a * 1000), round(b * 1000)) for a, b in spans], settings, pace=pace)
    with made.trace(seed) as trace:
        play_on(interpreter, trace, plan, heard.append)
    return heard


def test_a_day_of_real_captures_gives_the_same_integers_on_both(shared_data, interpreter):
    capture = shared_data / "brno" / "position_1_2023-04-26.csv.gz"
    made = read_captures([capture], Reading(as_recorded=False, channel_offset=-1))
    morning, afternoon = made.listened(300 * 10**6)  # nothing was captured for four hours
    spans = [(span.first_us / 1e6, span.last_us / 1e6) for span in (morning, afternoon)]
    hopping = {"place": "lab"}
    here = reports(made, spans, hopping)
    assert len(here) == 102 and sum(values["gap_windows"] for values in here) == 15309 // 300 - 1
    assert max(values["present"] for values in here) > 5
    assert reports(made, spans, hopping, interpreter) == here


def test_made_up_phones_are_counted_about_right_on_both(made_up, interpreter):
    made = read_captures([made_up], Reading())
    heard = reports(made, [(BEGIN_S + 900, BEGIN_S + 2700)], {**AS_RECORDED, "window_s": 300}, interpreter)
    assert [values["window_start_s"] for values in heard] == [BEGIN_S + 900 + 300 * i for i in range(6)]
    assert 4 < sum(values["present"] for values in heard) / 6 < 16


def test_windows_between_two_stretches_are_declared_not_reported_as_empty(interpreter):
    made = timeline((5, 2412, frame(1)), (3605, 2412, frame(2)))
    spans = [(NOON_S, NOON_S + 120), (NOON_S + 3600, NOON_S + 3660)]
    heard = reports(made, spans, interpreter=interpreter)
    said = [
        (values["window_start_s"] - NOON_S, values["gap_windows"], values["frames_log2"]) for values in heard
    ]
    assert said == [(0, 0, 1), (60, 0, 0), (3600, 58, 1)]
    assert [values["seq"] for values in heard] == [0, 1, 2]


def test_a_window_that_was_heard_in_part_says_for_how_long():
    made = timeline((30, 2412, frame(1)))
    heard = reports(made, [(NOON_S + 20, NOON_S + 80)])
    listened = [(values["window_start_s"] - NOON_S, values["listen_ms_low"]) for values in heard]
    assert listened == [(0, 40_000), (60, 20_000)]


def test_hopping_hears_only_the_channel_that_the_node_is_on():
    settings = {**AS_RECORDED, "channels": [1, 6]}  # ten seconds each
    frames = [(at_s, 2437, frame(at_s)) for at_s in range(60)]
    assert (
        reports(timeline(*frames, reading=Reading(False)), [(NOON_S, NOON_S + 60)], settings)[0][
            "frames_log2"
        ]
        == 5
    )
    assert reports(timeline(*frames), [(NOON_S, NOON_S + 60)], settings)[0]["frames_log2"] == 6
    assert reports(timeline(*frames, reading=Reading(False)), [(NOON_S, NOON_S + 60)])[0]["frames_log2"] == 0


def test_what_passes_while_the_radio_is_paused_is_not_heard():
    made = timeline(*((at_s, 2412, frame(at_s)) for at_s in range(30)))
    clock = VirtualClock(NOON_S * 1000)
    counts = array("i", [0] * 10)
    with made.trace(1) as trace:
        radio = CaptureRadio(clock, trace.fileno())
        assert radio.listen(1, 10_000) == 10
        radio.pause()
        clock.pass_ms(15_000)
        assert radio.listen(1, 5_000) == 5 and clock.true_ms == (NOON_S + 30) * 1000
        radio.close_window(counts)
        assert counts[7] == 15  # COUNT_KEPT
        assert radio.listen(1, 60_000) == 0
        radio.stop()


def test_a_pace_holds_virtual_time_back(interpreter):
    began_s = time.monotonic()
    reports(timeline((1, 2412, frame(1))), [(NOON_S, NOON_S + 60)], interpreter=interpreter, pace=60)
    assert 0.9 < time.monotonic() - began_s < 8


def test_a_trace_leaves_no_file_behind(made_up, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    made = read_captures([made_up], Reading())
    with made.trace() as trace:
        assert list(tmp_path.iterdir()) == []
        with contextlib.suppress(FileNotFoundError):
            assert "(deleted)" in str(Path(f"/proc/self/fd/{trace.fileno()}").readlink())


@pytest.mark.parametrize("spans", [[(NOON_S, NOON_S + 1)], [(NOON_S + 59, NOON_S + 61)]])
def test_windows_that_were_hardly_heard_are_no_reports(spans):
    assert reports(timeline((0, 2412, frame(1))), spans, {**AS_RECORDED, "dwell_ms": 1000}) == []
