r"""Reads InfluxDB line protocol: text in, points out.

    presence,place=square,node=n1 present=12i,listen_ms_low=100000i,seal="9f…" 1700000000
    measurement,tag=value,…       field=value,…                                time

Source of the syntax: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/; what that page leaves
open is as in InfluxDB 2.9's own parser (the tests hold its answers). Narrower on purpose: text is UTF-8, a
newline may stand in a string field only, and nothing follows a closing quote.

Two roads lead to the same point. The general one takes a line apart token by token. A node sends the same
fields in the same order for years, so the shape of a line that came that way is kept as one regular
expression, which reads the next line of that shape four times as fast.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple, NoReturn

from .interface import Kinds, Point, Series

NS_PER_TICK = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
TIME_LIMIT_NS = 2**63 - 2  # InfluxDB's range of time: docs, "Timestamp"
TIME_DIGITS = 20
KEY_LIMIT = 65_535  # measurement and tags together, InfluxDB's limit
RESERVED_TAGS = ("time", "_field", "_measurement")
QUOTED_LINE_LIMIT = 200  # characters of a wrong line that are repeated to its sender

# A comma, space or equals sign after a backslash belongs to the name. `++` gives nothing back once read:
# no second way to read a line, and no way to make reading slow.
_NAME = r"(?:[^,= \n]|(?<=\\)[,= ])++"
_BLANK = re.compile(r"[ \t\0]*(?:#[^\n]*)?(?:\n|\Z)")
_INDENT = re.compile(r"[ \t\0]*")
_MEASUREMENT = re.compile(r"(?:[^, \n]|(?<=\\)[, ])++")
_TAG = re.compile(rf",({_NAME})=({_NAME})(?=[, ])")
_FIELD_NAME = re.compile(rf"({_NAME})=")
_FIELD_VALUE = re.compile(
    r"""(?: (?P<integer> -?[0-9]++) i
        |   (?P<unsigned> [0-9]++) u
        |   (?P<float> -? (?: [0-9]++ (?:\.[0-9]*+)? | \.[0-9]++ ) (?:[eE][-+]?[0-9]++)? )
        |   (?P<boolean> t|T|true|True|TRUE|f|F|false|False|FALSE)
        | " (?P<string> (?: [^"\\] | \\. )*+ ) "
        ) (?= [, \n] | \Z )""",
    re.VERBOSE | re.DOTALL,
)
_END = re.compile(r"(?:[ ]++(-?[0-9]++))?[ ]*+(?:\n|\Z)")
_ESCAPED_IN_NAME = re.compile(r"\\([,= ])")
_ESCAPED_IN_STRING = re.compile(r'\\(["\\])')

_INTEGER_RANGE = range(-(2**63), 2**63)
_UNSIGNED_RANGE = range(2**64)


class LineError(Exception):
    """A line cannot be read: its number in the request (from 1), and why."""

    def __init__(self, line: int, reason: str):
        super().__init__(reason)
        self.line = line


class _Shape(NamedTuple):
    """A line with its values left open: how to recognise it, and what its fields are as JSON."""

    pattern: re.Pattern[str]
    json_template: str
    kinds: Kinds


class Parser:
    """Reads requests one after the other; remembers the shapes and series that it has seen.

    Not safe to call from several threads at once.
    """

    SHAPES = 8  # firmware versions of one fleet at the same time, and some more
    SHAPE_FIELDS = 64
    SERIES = 4096

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []
        self._series: dict[str, Series] = {}

    def points(self, text: str, precision: str, now_ns: int) -> list[Point]:
        """Return the points of `text`, in order; none when it holds only blank lines and comments.

        precision: ns, us, ms or s, the unit of the times in `text`. now_ns stands in, cut to that
        precision, where a line has no time. Raises LineError for the first line that cannot be read.
        """
        tick_ns = NS_PER_TICK[precision]
        position, size = 0, len(text)
        points: list[Point] = []
        while position < size:
            for shape in self._shapes:
                match = shape.pattern.match(text, position)
                series = match and self._series.get(match[1])
                if match and series:
                    values = match.groups()
                    time_ns = _time_ns(text, position, values[-1], tick_ns, now_ns)
                    points.append(Point(series, time_ns, shape.json_template % values[1:-1], shape.kinds))
                    position = match.end()
                    break
            else:
                blank = _BLANK.match(text, position)
                if blank:
                    position = blank.end()
                    continue
                point, position = self._point(text, position, tick_ns, now_ns)
                points.append(point)
        return points

    def _point(self, text: str, start: int, tick_ns: int, now_ns: int) -> tuple[Point, int]:
        """Read one line token by token; return its point and where the next line starts."""
        key_start = _INDENT.match(text, start).end()  # type: ignore[union-attr]  # it matches nothing too
        series, key_end = self._read_series(text, start, key_start)
        position = _skip_spaces(text, key_end)
        names: list[str] = []
        kinds: list[str] = []
        values: list[str | int | float | bool] = []
        while True:
            name = _FIELD_NAME.match(text, position)
            if not name:
                _fail(text, start, "invalid field: name=value expected")
            value = _FIELD_VALUE.match(text, name.end())
            if not value:
                _fail(text, start, f"invalid value of field {_unescape(name[1])!r}")
            names.append(_unescape(name[1]))
            kinds.append(str(value.lastgroup))
            values.append(_value(text, start, value))
            position = value.end()
            if text[position : position + 1] != ",":
                break
            position += 1
        end = _END.match(text, position)
        if not end:
            _fail(text, start, "bad timestamp")
        time_ns = _time_ns(text, start, end[1], tick_ns, now_ns)
        fields = dict(zip(names, values, strict=True))
        point_kinds = tuple(dict(zip(names, kinds, strict=True)).items())
        if len(fields) == len(names):
            self._remember(text[key_start:key_end], series, point_kinds)
        fields_json = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        return Point(series, time_ns, fields_json, point_kinds), end.end()

    def _read_series(self, text: str, start: int, key_start: int) -> tuple[Series, int]:
        measurement = _MEASUREMENT.match(text, key_start)
        if not measurement:
            _fail(text, start, "missing measurement")
        position = measurement.end()
        tags: dict[str, str] = {}
        while text[position : position + 1] == ",":
            tag = _TAG.match(text, position)
            if not tag:
                _fail(text, start, "invalid tag: name=value expected")
            name = _unescape(tag[1])
            if name in tags:
                _fail(text, start, f"duplicate tag {name!r}")
            if name in RESERVED_TAGS:
                _fail(text, start, f"cannot use reserved tag key {name!r}")
            tags[name] = _unescape(tag[2])
            position = tag.end()
        if text[position : position + 1] != " ":
            _fail(text, start, "missing fields")
        if position - key_start > KEY_LIMIT:
            _fail(text, start, f"measurement and tags are longer than {KEY_LIMIT}")
        return Series(_unescape(measurement[0]), tuple(sorted(tags.items()))), position

    def _remember(self, key: str, series: Series, kinds: Kinds) -> None:
        if len(self._series) >= self.SERIES:
            self._series.clear()
        self._series[key] = series
        simple = all(kind in _SIMPLE_VALUES and _SIMPLE_NAME.fullmatch(name) for name, kind in kinds)
        known = any(shape.kinds == kinds for shape in self._shapes)
        if simple and not known and len(kinds) <= self.SHAPE_FIELDS:
            self._shapes.insert(0, _shape(kinds))
            del self._shapes[self.SHAPES :]


# Values whose text is the same in line protocol and in JSON, so that it is copied; all others take the
# general road. No leading zero, 18 digits (always in range), nothing that JSON would escape.
_SIMPLE_VALUES = {
    "integer": (r"(0|-?[1-9][0-9]{0,17}+)i", "%s"),
    "string": (r'"([^"\\\x00-\x1f]*+)"', '"%s"'),
}
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9_]+")


def _shape(kinds: Kinds) -> _Shape:
    fields = ",".join(f"{name}={_SIMPLE_VALUES[kind][0]}" for name, kind in kinds)
    template = ",".join(f'"{name}":{_SIMPLE_VALUES[kind][1]}' for name, kind in kinds)
    pattern = re.compile(rf"([^ \\\n]++) {fields}(?: (-?[0-9]{{1,19}}))?(?:\n|\Z)")
    return _Shape(pattern, "{" + template + "}", kinds)


def _value(text: str, start: int, match: re.Match[str]) -> str | int | float | bool:
    kind, found = match.lastgroup, match[str(match.lastgroup)]
    if kind == "string":
        return _ESCAPED_IN_STRING.sub(r"\1", found)
    if kind == "boolean":
        return found[0] in "tT"
    if kind == "float":
        number = float(found)
        if number in (float("inf"), float("-inf")):
            _fail(text, start, "float out of range")
        return number
    allowed = _INTEGER_RANGE if kind == "integer" else _UNSIGNED_RANGE
    digits = found.lstrip("-0")
    if len(digits) > 20 or int(found) not in allowed:
        _fail(text, start, f"{kind} out of range")
    return int(found)


def _time_ns(text: str, start: int, ticks: str | None, tick_ns: int, now_ns: int) -> int:
    if ticks is None:
        return now_ns - now_ns % tick_ns
    # The length is checked first: Python refuses to convert thousands of digits.
    time_ns = int(ticks) * tick_ns if len(ticks) <= TIME_DIGITS else TIME_LIMIT_NS + 1
    if not -TIME_LIMIT_NS <= time_ns <= TIME_LIMIT_NS:
        _fail(text, start, "time outside range")
    return time_ns


def _skip_spaces(text: str, position: int) -> int:
    while text[position : position + 1] == " ":
        position += 1
    return position


def _unescape(name: str) -> str:
    return _ESCAPED_IN_NAME.sub(r"\1", name) if "\\" in name else name


def _fail(text: str, start: int, reason: str) -> NoReturn:
    line = text[start:].partition("\n")[0]
    if len(line) > QUOTED_LINE_LIMIT:
        line = line[:QUOTED_LINE_LIMIT] + "…"
    raise LineError(text.count("\n", 0, start) + 1, f"unable to parse '{line}': {reason}")
