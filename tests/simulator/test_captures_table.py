"""The CSV layout of published captures: rebuilt frames, and what is refused."""

import gzip
import os
from pathlib import Path

import pytest
from captures import formats
from torgpuls.simulator.captures.errors import CaptureError
from torgpuls.simulator.captures.timeline import Reading, Timeline, read_captures

COLUMNS = "ts_us,mac,rssi,freq,seq,frag,fc1,len,ie,fixed,occ"
LINE = "1700000000000001,02a1b2c3d4e5,-81,2412,452,3,8,38,7,0,2"
ELEMENTS = "0000010402040b16030101"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ie_dict.csv").write_text(f"ie,hex\n3,00\n7,{ELEMENTS}\n")
    return tmp_path


def played(folder, text, reading=None):
    path = folder / "day.csv"
    path.write_text(text)
    timeline = read_captures([path], reading or Reading())
    with timeline.trace() as trace:
        return formats.records(os.pread(trace.fileno(), 1 << 20, 0))


def test_a_line_becomes_the_probe_request_that_was_on_the_air(folder):
    header = "4008" + "0000" + "ff" * 6 + "02a1b2c3d4e5" + "ff" * 6 + "431c"  # 452 << 4 | 3 = 0x1c43
    assert played(folder, f"{COLUMNS}\n{LINE}\n") == [
        (1_700_000_000_000_001, -81, 0, bytes.fromhex(header + ELEMENTS))
    ]


def test_other_orders_more_columns_windows_line_ends_and_gzip_make_no_difference(folder):
    turned = "device,mode,ie,len,fc1,frag,seq,freq,rssi,mac,ts_us\r\n"
    turned += "an old one,,7,38,8,3,452,2412,-81,02A1B2C3D4E5,1700000000000001\r\n"
    expected = played(folder, f"{COLUMNS}\n{LINE}\n")
    assert played(folder, turned) == expected
    (folder / "ie_dict.csv.gz").write_bytes(gzip.compress((folder / "ie_dict.csv").read_bytes()))
    (folder / "ie_dict.csv").unlink()
    (folder / "named.otherwise").write_bytes(gzip.compress(turned.encode()))
    assert read_captures([folder / "named.otherwise"], Reading()).count == 1


def test_lines_out_of_order_are_sorted(folder):
    lines = [LINE.replace("000001,", f"{after:06},", 1) for after in (30, 10, 20)]
    heard = played(folder, "\n".join([COLUMNS, *lines]) + "\n")
    assert [time_us % 100 for time_us, *_ in heard] == [10, 20, 30]


def test_the_rooms_own_computers_are_left_out_unless_asked_for(folder):
    text = f"{COLUMNS}\n{LINE}\n{LINE.replace(',0,2', ',1,2')}\n{LINE.replace(',0,2', ',,2')}\n"
    assert len(played(folder, text)) == 2
    assert len(played(folder, text, Reading(keep_fixed=True))) == 3


def test_a_line_without_published_elements_is_counted_not_played(folder):
    (folder / "day.csv").write_text(f"{COLUMNS}\n{LINE}\n{LINE.replace(',7,', ',,')}\n")
    timeline = Timeline()
    assert timeline.add(folder / "day.csv") == 1
    assert timeline.left_out == {"no_elements": 1}


@pytest.mark.parametrize("column", ["ts_us", "mac", "rssi", "freq", "seq", "frag", "fc1", "ie"])
def test_a_missing_column_is_named(folder, column):
    with pytest.raises(CaptureError, match=rf"day\.csv: the CSV has no column {column}\b"):
        played(folder, f"{COLUMNS.replace(column, 'other', 1)}\n{LINE}\n")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("-81", "-129", "line 2: what stands under rssi"),
        ("-81", "weak", "line 2: what stands under rssi"),
        ("02a1", "02g1", "line 2: what stands under mac"),
        ("02a1", "02:a1", "line 2: what stands under mac"),
        ("1700000000000001", "-1", "line 2: what stands under ts_us"),
        ("1700000000000001", "9" * 19, "line 2: what stands under ts_us"),
        (",452,", ",4096,", "line 2: what stands under seq"),
        (",7,0,", ",8,0,", "line 2: ie 8 is not in the dictionary"),
        (",7,0,", ",4,0,", "line 2: ie 4 is not in the dictionary"),
        (",0,2", ",0", "line 2 has 10 fields"),
        (",0,2", ",0,2,1", "line 2 has 12 fields"),
        (",0,2", ',"0,2"', "line 2: what stands under fixed"),
        (",0,2\n", ",0,2", "line 2 has no line end: the file was cut"),
    ],
)
def test_a_line_that_cannot_be_is_named_by_number_and_column(folder, was, becomes, said):
    with pytest.raises(CaptureError) as raised:
        played(folder, f"{COLUMNS}\n{LINE}\n".replace(was, becomes, 1))
    assert said in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("dictionary", "said"),
    [
        (None, "ie_dict.csv.gz is not in its folder"),
        ("key,hex\n7,00\n", "its first line is not ie,hex"),
        ("ie,hex\n7,0g\n", "line 2 is not a number and hex digits"),
        ("ie,hex\n7\n", "line 2 has no comma"),
        ("ie,hex\n-7,00\n", "line 2 has a key or a body that is too large"),
        (f"ie,hex\n7,{ELEMENTS}", "the last line is not complete"),
    ],
)
def test_a_dictionary_that_cannot_be_used_is_named(folder, dictionary, said):
    (folder / "ie_dict.csv").unlink()
    if dictionary is not None:
        (folder / "ie_dict.csv").write_text(dictionary)
    with pytest.raises(CaptureError) as raised:
        played(folder, f"{COLUMNS}\n{LINE}\n")
    assert said in str(raised.value)


def test_csv_and_original_pcap_of_the_same_day_are_the_same_frames(shared_data):
    for day in ("2023-03-16", "2023-04-16"):
        name = f"position_1_{day}"
        both = []
        for path in (shared_data / "pcap" / f"brno_{name}.pcap", shared_data / "brno" / f"{name}.csv.gz"):
            timeline = read_captures([path], Reading(as_recorded=False, keep_fixed=True))
            with timeline.trace() as trace:
                both.append(formats.records(os.pread(trace.fileno(), 1 << 30, 0)))
        pcap, table = both
        assert len(pcap) == len(table) > 2000
        for original, rebuilt in zip(pcap, table, strict=True):
            assert original[0] == rebuilt[0] and original[1:3] == rebuilt[1:3]
            # Duration, destination and BSSID were not published; they are ours.
            assert original[3][:2] + original[3][10:16] + original[3][22:] == (
                rebuilt[3][:2] + rebuilt[3][10:16] + rebuilt[3][22:]
            )


def test_the_captures_of_the_shared_folder_read_whole(shared_data):
    expected = {"turin/corridor.csv.gz": 226, "labelled/milano.csv.gz": 2838, "mixes/mix00.csv.gz": 874}
    for name, count in expected.items():
        assert read_captures([Path(shared_data / name)], Reading()).count == count
