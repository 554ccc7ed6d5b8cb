"""The demo's parts: what it plays, what it compares with, what it shows, what it leaves behind."""

import contextlib
import os
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from torgpuls.host_tools.demo import children, peer, scenes, view
from torgpuls.host_tools.demo.progress import Progress, score
from torgpuls.host_tools.demo.readings import Reading
from torgpuls.host_tools.demo.scenes import Scene
from torgpuls.host_tools.errors import UserError

WINDOW_S = 300


def _pcap(path, frames):
    """Write (second, sender address, first byte) as a capture of link type 127 with a radiotap head."""
    radiotap = struct.pack("<BBHIb", 0, 0, 9, 1 << 5, -60)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127))
        for second, sender, first in frames:
            head = bytes([first, 0, 0, 0]) + b"\xff" * 6 + bytes.fromhex(sender) + b"\xff" * 6 + b"\0\0"
            packet = radiotap + head + b"\0\0" + b"\x01\x01\x82"
            file.write(struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet)


def test_the_peer_counts_endings_of_local_addresses_window_by_window(tmp_path):
    _pcap(
        tmp_path / "day.pcap",
        [
            (3000, "020000001234", 0x40),
            (3001, "02ffffff1234", 0x40),  # another address, the same last 16 bits
            (3002, "060000005678", 0x40),
            (3003, "000000009abc", 0x40),  # a maker's address
            (3004, "03000000def0", 0x40),  # a group's address
            (3005, "02000000aaaa", 0x80),  # a beacon
            (3299, "02000000bbbb", 0x40),
            (3300, "02000000bbbb", 0x40),
        ],
    )
    assert peer.counts(tmp_path / "day.pcap", WINDOW_S) == {3000: 3, 3300: 1}


def test_made_up_scenes_are_whole_and_their_heads_known(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "MADE_UP_DURATION_S", 1200)
    monkeypatch.setattr(scenes, "BESIDE", tmp_path / "nothing here")
    made = scenes.choose({}, tmp_path).scenes
    assert [scene.place for scene in made] == ["square-1", "square-2", "square-3"]
    for scene in made:
        start_s = scenes.MADE_UP_START_S
        assert sorted(scene.heads) == [start_s, start_s + 300, start_s + 600, start_s + 900]
        assert scene.capture.stat().st_size > 1000


def test_published_days_come_with_every_known_head():
    if not (scenes.BESIDE / "truth.csv").exists():
        pytest.skip("../shared/data is not there")
    days = scenes.choose({}, Path("unused")).scenes
    assert [scene.place for scene in days] == ["lab-2022-11-15", "lab-2023-03-14", "lab-2023-10-04"]
    # grep -c '^brno_p1_5min,.*,2022-11-15,' truth.csv, and so on
    assert [len(scene.heads) for scene in days] == [47, 65, 65]


def test_a_data_folder_without_captures_is_refused_by_name(tmp_path):
    with pytest.raises(UserError, match=f"TORGPULS_DATA={tmp_path} has no truth.csv"):
        scenes.choose({"TORGPULS_DATA": str(tmp_path)}, tmp_path)


def _progress(windows, heads, addresses):
    scene = Scene("lab-2022-11-15", "demo-1", Path("day.pcap"), heads)
    return Progress(scene, [Reading(*window) for window in windows], addresses)


def test_a_gap_is_a_window_between_two_reports_and_the_latest_is_the_last_report():
    place = _progress([(0, None), (300, 4), (600, None), (900, 6), (1200, None)], {}, {})
    assert (place.stored, place.gaps, place.latest) == (2, 1, Reading(900, 6))


def test_errors_are_means_over_the_stored_windows_with_known_heads():
    place = _progress([(0, 4), (300, None), (600, 9), (900, 7)], {0: 5.0, 300: 5.0, 600: 6.0}, {0: 50})
    assert score([place]) == (2, (1 + 3) / 2, (45 + 6) / 2)
    assert score([_progress([(0, 4)], {}, {})]) is None


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_table_fits_the_terminal_and_shows_all_numbers(width):
    windows = [(1668506400 + 300 * index, index) for index in range(86)]
    heads = dict.fromkeys(dict(windows), 3.0)
    waiting = _progress([], {}, {1668506400: 3})
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    day = _progress(windows, heads, dict.fromkeys(heads, 3))
    console.print(view.live([day, waiting], "https://localhost:1/", "now", width))
    text = console.export_text()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    assert ("the day so far" in text) == (width >= 100)
    row = next(line.split() for line in text.splitlines() if line.strip().startswith("lab"))
    assert row[:8] == ["lab-2022-11-15", "15", "Nov", "17:05", "85", "3", "3", "86"]
    assert "waiting" in text


def test_the_summary_sets_both_errors_side_by_side():
    lines = view.summary([_progress([(0, 4)], {0: 5.0}, {0: 50})])
    assert lines[0] == "Stored: 1 windows of 1 places, 0 gaps."
    assert lines[2].split()[-2:] == ["1.0", "people"]
    assert lines[3].split()[-2:] == ["45.0", "people"]


def test_children_are_ended_when_the_block_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "TORGPULS", (sys.executable, "-c"))
    monkeypatch.setattr(children, "ASK_S", 0.5)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(99)"
    )
    with pytest.raises(KeyboardInterrupt), children.Children(tmp_path / "log") as running:
        mild = running.start("mild", ["import time; time.sleep(99)"])
        hard = running.start("hard", [stubborn])
        assert children.wait_for_line(hard, "u", 30) == "p"
        raise KeyboardInterrupt
    assert mild.process.returncode == -15
    assert hard.process.returncode == -9


def test_a_child_that_fails_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "TORGPULS", (sys.executable, "-c"))
    with children.Children(tmp_path / "log") as running:
        child = running.start("store", ["import sys; sys.exit('torgpuls: port 1 is taken')"])
        with pytest.raises(UserError, match="^store failed: port 1 is taken$"):
            children.wait_for_line(child, "Page: ", 30)


def _demo(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "torgpuls.host_tools.cli", "demo", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip


def _processes_that_name(folder):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder) in path.read_bytes():
                found.append(path)
    return found


def test_a_short_demo_stores_reports_of_three_places_and_ends_by_itself(tmp_path):
    site = tmp_path / "site"
    process = _demo(tmp_path, "--site", str(site), "--seconds", "10")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"^Stored: [1-9]\d* windows of 3 places, 0 gaps\.$", out, re.MULTILINE)
    errors = [float(found) for found in re.findall(r"([\d.]+) people$", out, re.MULTILINE)]
    assert len(errors) == 2 and errors[0] < errors[1]
    with contextlib.closing(sqlite3.connect(site / "store.sqlite3")) as store:
        assert store.execute("pragma integrity_check").fetchone() == ("ok",)
    assert len((site / "nodes.csv").read_text().splitlines()) == 4
    assert _processes_that_name(site) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_leaves_no_process_and_no_file(tmp_path, number):
    process = _demo(tmp_path)
    assert any(line.startswith("Page: https://127.0.0.1:") for line in process.stdout)
    time.sleep(2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, "")
    assert "Stored: " in out
    assert list(tmp_path.iterdir()) == []
    assert _processes_that_name(tmp_path) == []


def test_a_store_that_dies_ends_the_demo_with_one_line(tmp_path):
    site = tmp_path / "site"
    process = _demo(tmp_path, "--site", str(site))
    assert any(line.startswith("Page: ") for line in process.stdout)
    os.kill(int((site / "serve.lock").read_text()), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.startswith("torgpuls: ") and err.count("\n") == 1
    assert _processes_that_name(site) == []


def test_a_site_that_is_served_already_is_left_alone(tmp_path):
    site = tmp_path / "site"
    with children.Children(tmp_path) as running:
        other = running.start("other", ["serve", "--site", str(site), "--port", "0"])
        children.wait_for_line(other, "Page: ", 30)
        process = _demo(tmp_path, "--site", str(site))
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == f"torgpuls: store failed: {site} is served already, by process {other.process.pid}: " + (
        "stop that one, or give another --site\n"
    )
