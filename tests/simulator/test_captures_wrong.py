"""Whatever is wrong with a capture is said in one line that names it."""

import gzip
import os
import struct
import threading
from pathlib import Path

import pytest
from captures import formats
from captures.formats import PROBE
from torgpuls.simulator.captures.errors import CaptureError
from torgpuls.simulator.captures.timeline import Reading, Timeline, read_captures

GOOD = formats.pcap([(i, formats.radiotap(flags=0x10) + formats.with_fcs(PROBE)) for i in range(3)])
GOOD_NG = formats.section() + formats.interface() + formats.packet(0, 10**15, formats.radiotap() + PROBE)


def said(path):
    with pytest.raises(CaptureError) as raised:
        read_captures([path], Reading())
    text = str(raised.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    return text


def said_of(tmp_path, content, name="day.pcap"):
    path = tmp_path / name
    path.write_bytes(content)
    return said(path)


@pytest.mark.parametrize("content", [GOOD, GOOD_NG], ids=["pcap", "pcapng"])
def test_a_capture_that_is_cut_anywhere_is_refused_or_ends_between_two_frames(content):
    whole = Timeline()
    whole.add_content(Path("whole"), content)
    for size in range(len(content)):
        timeline = Timeline()
        try:
            assert timeline.add_content(Path("cut"), content[:size]) < whole.count
        except CaptureError as error:
            assert "cut" in str(error)
            assert timeline.count == 0


def test_a_trace_that_is_cut_is_refused():
    timeline = Timeline()
    timeline.add_content(Path("whole"), GOOD)
    with timeline.trace() as file:
        file.seek(0)
        content = file.read()
    for size in (20, 31, 33, 39, 41, len(content) - 1):
        with pytest.raises(CaptureError, match="was cut"):
            Timeline().add_content(Path("cut"), content[:size])


def test_what_is_no_file_of_any_format_is_named(tmp_path):
    assert "there is no such file" in said(tmp_path / "missing.pcap")
    assert "is a folder" in said(tmp_path)
    assert "is empty" in said_of(tmp_path, b"")
    assert "is no capture" in said_of(tmp_path, b"Dear diary\n" * 9)
    assert "does not name the columns" in said_of(tmp_path, b"Dear diary, today\n" * 9)
    assert "is no capture" in said_of(tmp_path, bytes(range(256)))


def test_a_device_is_not_read_for_ever():
    assert "is a device" in said(Path("/dev/zero"))


def test_a_capture_may_come_through_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(GOOD),))
    writer.start()
    assert read_captures([pipe], Reading()).count == 3
    writer.join()


def test_gzip_that_is_none_or_damaged_or_cut_or_empty_is_named(tmp_path):
    packed = gzip.compress(GOOD, mtime=0)
    assert "is named .gz but is not gzip" in said_of(tmp_path, b"not gzip at all", "day.csv.gz")
    assert "the gzip file ends too early" in said_of(tmp_path, packed[:-9])
    assert "the gzip file is damaged" in said_of(tmp_path, packed[:30] + b"\xff" * 9 + packed[39:])
    assert "is empty inside its gzip" in said_of(tmp_path, gzip.compress(b""))
    assert "ends in the middle of frame 3" in said_of(tmp_path, gzip.compress(GOOD[:-1]))


@pytest.mark.parametrize(("link", "name"), [(1, "Ethernet"), (105, "without radiotap"), (163, "AVS")])
def test_another_link_type_is_named_with_what_to_do(tmp_path, link, name):
    text = said_of(tmp_path, formats.pcap([(0, PROBE)], link=link))
    assert f"link type {link}" in text and name in text and "radiotap" in text


def test_a_capture_with_nothing_to_play_says_what_was_left_out(tmp_path):
    assert "has no frame that can be played" in said_of(tmp_path, formats.pcap([]))
    silent = formats.pcap([(0, formats.radiotap(rssi_dbm=None) + PROBE)])
    assert "(left out: 1 without a signal strength)" in said_of(tmp_path, silent)
    other = formats.section() + formats.interface(link=1) + formats.packet(0, 10**15, PROBE)
    assert "(left out: 1 on interfaces that are not 802.11 with radiotap)" in said_of(tmp_path, other)


def test_a_clock_that_was_set_back_is_refused_a_little_disorder_is_not(tmp_path):
    frame = formats.radiotap() + PROBE
    assert "frame 2: time goes back by 3601 s" in said_of(
        tmp_path, formats.pcap([(4000, frame), (399, frame)])
    )
    (tmp_path / "day.pcap").write_bytes(formats.pcap([(4000, frame), (400, frame)]))
    assert read_captures([tmp_path / "day.pcap"], Reading()).count == 2


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (GOOD[:4] + struct.pack("<H", 3) + GOOD[6:], "is of major version 3"),
        (GOOD[:32] + struct.pack("<I", 0x40001) + GOOD[36:], "frame 1 says a length that cannot be"),
        (GOOD_NG[:8] + b"\0\0\0\0" + GOOD_NG[12:], "block 1 says a length that cannot be"),
        (GOOD_NG[:-4] + b"\0\0\0\0", "block 3 says a length that cannot be"),
        (formats.section() + formats.packet(0, 1, PROBE), "of interface 0, which the file does not describe"),
        (formats.section() + formats.block(3, b"\0" * 4 + PROBE), "block 2 is of a kind without time"),
        (formats.section() + formats.block(2, b"\0" * 20 + PROBE), "block 2 is of a kind without time"),
        (formats.section() + formats.interface() * 65, "block 66 is one interface more than 64"),
        (
            formats.section() + formats.interface() + formats.packet(0, 1 << 63, formats.radiotap() + PROBE),
            "block 3: its time is not between 1970 and 2106",
        ),
    ],
)
def test_a_damaged_file_is_named_with_the_place(tmp_path, content, text):
    assert text in said_of(tmp_path, content)


def test_nothing_of_a_refused_capture_stays_on_the_timeline():
    timeline = Timeline()
    timeline.add_content(Path("good"), GOOD)
    with pytest.raises(CaptureError):
        timeline.add_content(Path("cut"), GOOD[:-1])
    with timeline.trace() as file:
        file.seek(0)
        assert len(formats.records(file.read())) == timeline.count == 3
