"""Line protocol is read as InfluxDB reads it, on both roads through the parser."""

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torgpuls.firmware.node import report
from torgpuls.host_tools.store.line_protocol import LineError, Parser

# What the parser of InfluxDB 2.9.1 (Go package models, ParsePointsWithPrecision) makes of each text, with
# NOW_NS as its clock; points null = refused. Made once with a Go program of 50 lines around that package.
VECTORS = json.loads(Path(__file__).with_name("line_protocol_vectors.json").read_text(encoding="utf-8"))
NOW_NS = 1_700_000_000_123_456_789


def read(text, precision="ns", parser=None):
    return (parser or Parser()).points(text, precision, NOW_NS)


def as_vector(point):
    fields = point.fields()
    typed = {name: [kind, fields[name]] for name, kind in point.kinds}
    return {
        "measurement": point.series.measurement, "tags": dict(point.series.tags),
        "time_ns": point.time_ns, "fields": typed,
    }  # fmt: skip


def typed_value(kind, text):
    return {"float": float, "string": str, "boolean": lambda said: said == "true"}.get(kind, int)(text)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: ascii(vector["text"])[:60])
def test_a_text_is_read_as_influxdb_reads_it(vector):
    if vector["points"] is None:
        with pytest.raises(LineError):
            read(vector["text"], vector["precision"])
        return
    for point in vector["points"]:
        point["fields"] = {k: [kind, typed_value(kind, text)] for k, (kind, text) in point["fields"].items()}
    assert [as_vector(point) for point in read(vector["text"], vector["precision"])] == vector["points"]


@pytest.mark.parametrize("text", ['m f="a"b', "m,a=b\\\nc f=1"])
def test_what_influxdb_reads_by_accident_is_refused(text):
    with pytest.raises(LineError):
        read(text)


def test_the_error_names_the_line_and_repeats_it():
    with pytest.raises(LineError, match=r"unable to parse 'm f=1 5 6': bad timestamp") as caught:
        read("# first\n\nm f=1 5\nm f=1 5 6\nm f=2 6\n")
    assert caught.value.line == 4


def test_a_long_wrong_line_is_cut_in_the_error():
    with pytest.raises(LineError) as caught:
        read("m f=" + "x" * 100_000)
    assert len(str(caught.value)) < 300


def test_tags_in_any_order_are_the_same_series():
    one, other = read("m,a=1,b=2 f=1\nm,b=2,a=1 f=1")
    assert one.series == other.series


def test_thousands_of_digits_are_out_of_range_and_not_slow():
    for text in ("m f=" + "9" * 10_000 + "i", "m f=" + "9" * 10_000 + "u", "m f=1 " + "9" * 10_000):
        with pytest.raises(LineError, match="range"):
            read(text)


def test_a_node_s_own_line_is_read_back_field_by_field():
    values = {field.name: max(field.limit[0], -7) for field in report.FIELDS} | {"place": "stora-torget"}
    slot = bytearray(report.SLOT_SIZE)
    report.pack(values, slot)
    line = report.to_line(slot, "n1", bytes(32)).decode()
    first, second = read(line + line, "s")
    assert first == second
    assert dict(first.series.tags) == {"node": "n1", "place": "stora-torget"}
    sent = report.unpack(slot)
    got = first.fields()
    assert {name: got[name] for name in sent if name in got and name != "firmware"} == {
        name: sent[name] for name in sent if name not in ("window_start_s", "place", "firmware")
    }


EDGES = (
    "007i", "-0i", "0i", "1.5", "t", "false", "3u", '"', "", "x", "9223372036854775807i",
    "9223372036854775808i", "-9223372036854775809i", "18446744073709551616u",
    '""', '"a\\"b"', '"a\\\\b"', '"a\\nb"', '"\t"', '"a\nb"',
)  # fmt: skip
values = st.one_of(
    st.integers(-(2**64), 2**65).map(lambda n: f"{n}i"),
    st.sampled_from(EDGES),
    st.text(st.characters(codec="utf-8", exclude_characters='"\\\n')).map(lambda text: f'"{text}"'),
)
times = st.one_of(st.just(""), st.integers(-(2**65), 2**65).map(lambda n: f" {n}"), st.just(" 1 "))


@given(st.lists(values, min_size=1, max_size=4), times, st.sampled_from(["m,a=b", "m", "m,a=b\\ c", "m,a="]))
def test_both_roads_read_the_same(sent, time, key):
    line = key + " " + ",".join(f"f{i}={value}" for i, value in enumerate(sent)) + time
    assert outcome(line, Parser()) == outcome(line, parser_that_knows(len(sent)))


@pytest.mark.parametrize("value", EDGES)
def test_both_roads_read_a_value_at_an_edge_the_same(value):
    line = f"m,a=b f0={value}"
    assert outcome(line, Parser()) == outcome(line, parser_that_knows(1))


def parser_that_knows(fields):
    """Return a parser that has seen every shape of so many integers and strings."""
    parser = Parser()
    for shape in product(["1i", '"a"'], repeat=fields):
        for key in ("m,a=b", "m", "m,a=b\\ c"):
            read(key + " " + ",".join(f"f{i}={value}" for i, value in enumerate(shape)), parser=parser)
    return parser


def outcome(line, parser):
    try:
        return [as_vector(point) for point in read(line, parser=parser)]
    except LineError as error:
        return str(error)
