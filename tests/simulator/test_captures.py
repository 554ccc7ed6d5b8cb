"""What becomes of a capture's frames on the way into the trace."""

import os
import struct
from pathlib import Path

import pytest
from captures import formats
from captures.formats import PROBE, START_S
from torgpuls.simulator.captures.timeline import Reading, Timeline

START_US = START_S * 1_000_000


def played(content, reading=None, **trace_options):
    timeline = Timeline(reading or Reading())
    timeline.add_content(Path("capture"), content)
    with timeline.trace(**trace_options) as trace:
        return formats.records(os.pread(trace.fileno(), 1 << 30, 0))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_a_pcap_of_either_byte_order_and_resolution_gives_the_same_frames(order, nano):
    content = formats.pcap(
        [(0, formats.radiotap() + PROBE), (1.25, formats.radiotap(-80) + PROBE)], order, nano
    )
    assert played(content) == [(START_US, -60, 0, PROBE), (START_US + 1_250_000, -80, 0, PROBE)]


def test_the_fcs_goes_where_the_radiotap_flags_say_that_there_is_one():
    packets = [
        (0, formats.radiotap(flags=0x10) + formats.with_fcs(PROBE)),
        (1, formats.radiotap(flags=0) + PROBE),
    ]
    assert [frame for *_, frame in played(formats.pcap(packets))] == [PROBE, PROBE]


def test_a_frame_that_the_snap_length_cut_keeps_what_is_not_fcs():
    packet = formats.radiotap(flags=0x10) + formats.with_fcs(PROBE)
    for kept in (len(packet) - 2, len(packet) - 6):
        content = formats.pcap([(0, packet[:kept])])
        content = content[:36] + struct.pack("<I", len(packet)) + content[40:]
        [(*_, frame)] = played(content)
        assert frame == (packet[:-4])[:kept][len(formats.radiotap()) :]


def test_frames_with_a_bad_checksum_without_signal_and_of_other_types_are_left_out_and_counted():
    timeline = Timeline()
    frames = [
        formats.radiotap(flags=0x50) + formats.with_fcs(PROBE),
        formats.radiotap(rssi_dbm=None) + PROBE,
        formats.radiotap() + b"\x08" + PROBE[1:],  # data
        formats.radiotap() + b"\xd4" + PROBE[1:],  # control
        formats.radiotap(),
        b"\x01" + formats.radiotap()[1:] + PROBE,
        formats.radiotap() + PROBE,
    ]
    assert timeline.add_content(Path("capture"), formats.pcap(list(enumerate(frames)))) == 1
    assert timeline.left_out == {"bad_fcs": 1, "no_signal": 1, "not_management": 2, "damaged": 2}


def test_radiotap_fields_are_found_behind_every_alignment_and_extended_words():
    # TSFT (8 on 8), flags, rate, channel (on 2), FHSS, signal; two present words more, vendor bytes between.
    words = struct.pack("<IIIi", 1 << 31 | 0x3F, 1 << 31 | 1 << 30, 1 << 31 | 1 << 29 | 7, 1 << 5)[:16]
    fields = struct.pack("<IQBBHHHb", 0, 7, 0x10, 2, 2437, 0xA0, 0, -77)
    vendor = b"\0" + b"\xaa\xbb\xcc\0" + struct.pack("<H", 5) + b"\x11" * 5
    body = words + fields + vendor + struct.pack("<b", -10)
    header = struct.pack("<BBH", 0, 0, 4 + len(body)) + body
    content = formats.pcap([(0, header + formats.with_fcs(PROBE))])
    assert played(content, Reading(as_recorded=False)) == [(START_US, -77, 6, PROBE)]


def test_the_signal_may_stand_in_a_later_word_behind_vendor_bytes():
    words = struct.pack("<III", 1 << 31 | 1 << 30 | 2, 1 << 31 | 1 << 29 | 0xFF, 1 << 5)
    body = words + b"\x00" + b"\0" + b"\xaa\xbb\xcc\0\x03\0" + b"\x11" * 3 + struct.pack("<b", -42)
    header = struct.pack("<BBH", 0, 0, 4 + len(body)) + body
    assert played(formats.pcap([(0, header + PROBE)])) == [(START_US, -42, 0, PROBE)]


@pytest.mark.parametrize("size", range(8, 13))
def test_a_radiotap_field_behind_the_headers_end_is_not_there(size):
    present = 1 << 1 | 1 << 3 | 1 << 5  # flags, channel, signal: up to byte 15
    header = struct.pack("<BBHI", 0, 0, size, present) + bytes(size - 8)
    timeline = Timeline()
    timeline.add_content(Path("capture"), formats.pcap([(0, header + PROBE)]))
    assert timeline.left_out == {"no_signal": 1}


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_interfaces_keep_their_own_resolution_and_offset(order):
    nano = formats.option(9, b"\x09", order) + formats.option(14, struct.pack(order + "q", 100), order)
    binary = formats.option(9, b"\x94", order) + formats.option(0, b"", order)  # 2**-20 s
    content = formats.section(order)
    content += formats.interface(order=order)
    content += formats.interface(order=order, options=nano) + formats.interface(order=order, options=binary)
    content += formats.block(5, b"\0" * 12, order)  # statistics: passed over
    frame = formats.radiotap() + PROBE
    content += formats.packet(0, START_US + 1, frame, order)
    content += formats.packet(1, (START_S - 99) * 10**9 + 5000, frame, order)
    content += formats.packet(2, (START_S + 2) << 20 | 1 << 19, frame, order)
    assert [time_us - START_US for time_us, *_ in played(content)] == [1, 1_000_005, 2_500_000]


def test_a_pcapng_section_forgets_the_interfaces_of_the_one_before():
    frame = formats.radiotap() + PROBE
    first = formats.section() + formats.interface(link=1) + formats.packet(0, START_US, frame)
    second = formats.section(">") + formats.interface(order=">") + formats.packet(0, START_US + 7, frame, ">")
    timeline = Timeline()
    assert timeline.add_content(Path("capture"), first + second) == 1
    assert timeline.left_out == {"other_link": 1}


def test_hopping_keeps_the_channel_and_leaves_other_bands_out():
    packets = [(i, formats.radiotap(mhz=mhz) + PROBE) for i, mhz in enumerate((2412, 2472, 2484, 5745, 2417))]
    content = formats.pcap(packets)
    assert [channel for *_, channel, _ in played(content, Reading(as_recorded=False))] == [1, 13, 2]
    shifted = Reading(as_recorded=False, channel_offset=-1)  # a capturer that writes one too many
    assert [channel for *_, channel, _ in played(content, shifted)] == [12, 1]
    assert len(played(content)) == 5


def test_captures_lie_in_time_order_and_equal_times_keep_theirs():
    early, late = (formats.pcap([(s, formats.radiotap(-r) + PROBE) for s, r in rows]) for rows in (
        [(10, 10), (30, 30), (30, 31)], [(30, 32), (20, 20), (5, 5)]))  # fmt: skip
    timeline = Timeline()
    timeline.add_content(Path("early"), early)
    timeline.add_content(Path("late"), late)
    with timeline.trace() as trace:
        heard = formats.records(os.pread(trace.fileno(), 1 << 20, 0))
    assert [-rssi for _, rssi, *_ in heard] == [5, 10, 20, 30, 31, 32]


def test_a_gap_of_days_is_bridged_by_records_that_only_move_time():
    step_s = 4294.967295  # all 32 bits of a record's microseconds
    after_s = (0, step_s, 2 * step_s + 0.000001, 4 * step_s + 0.000001, 300_000)
    heard = played(formats.pcap([(s, formats.radiotap() + PROBE) for s in after_s]))
    assert [time_us - START_US for time_us, *_ in heard] == [round(s * 1e6) for s in after_s]


def test_a_trace_reads_back_as_itself_shifted_and_cut_to_a_stretch():
    packets = [(s, formats.radiotap(-s, 2412 + 5 * s) + PROBE) for s in range(10)]
    timeline = Timeline(Reading(as_recorded=False))
    timeline.add_content(Path("capture"), formats.pcap(packets))
    with timeline.trace(
        7, shift_us=-1_000_000, first_us=START_US + 3_000_000, end_us=START_US + 5_000_001
    ) as file:
        content = os.pread(file.fileno(), 1 << 20, 0)
    assert struct.unpack_from("<Q", content, 16) == (7,)
    expected = [(START_US + (s - 1) * 1_000_000, -s, 1 + s, PROBE) for s in (3, 4, 5)]
    assert formats.records(content) == expected
    assert played(content, Reading(as_recorded=False)) == expected


def spans_of(content):
    timeline = Timeline()
    timeline.add_content(Path("capture"), content)
    with timeline.trace() as trace:
        again = Timeline()
        again.add_content(Path("trace"), os.pread(trace.fileno(), 1 << 30, 0))
    assert again.spans == timeline.spans
    return [
        ((span.first_us - START_US) // 1_000_000, (span.last_us - START_US) // 1_000_000)
        for span in timeline.spans
    ]


def test_silence_of_more_than_an_hour_means_that_nobody_listened():
    packets = [(s, formats.radiotap() + PROBE) for s in (0, 3600, 7200 + 1, 30_000)]
    assert spans_of(formats.pcap(packets)) == [(0, 3600), (7201, 7201), (30_000, 30_000)]


def test_frames_that_are_left_out_break_the_silence_too():
    data = formats.radiotap() + b"\x08" + PROBE[1:]
    probe = formats.radiotap() + PROBE
    packets = [
        (0, probe),
        (3000, data),
        (3000.5, data),
        (6000, data),
        (9000, data),
        (9001, data),
        (12_000, probe),
    ]
    assert spans_of(formats.pcap(packets)) == [(0, 12_000)]
    assert played(formats.pcap(packets)) == [(START_US + s * 1_000_000, -60, 0, PROBE) for s in (0, 12_000)]
