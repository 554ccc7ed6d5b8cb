"""The readers' problem codes as the rest of a sentence that begins with the file's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .library import constants

LINK_TYPES = {
    1: "Ethernet",
    105: "802.11 without radiotap, so without the signal strength that the count needs",
    113: "Linux cooked",
    119: "802.11 with a Prism header",
    163: "802.11 with an AVS header",
    192: "PPI",
    276: "Linux cooked",
}
RECAPTURE = "capture again in monitor mode with radiotap (tcpdump -I -y IEEE802_11_RADIO)"
LEFT_OUT = {
    "bad_fcs": "with a bad checksum",
    "no_signal": "without a signal strength",
    "not_management": "of other kinds than management",
    "other_band": "on other channels than 1 to 13",
    "damaged": "damaged",
    "fixed": "of computers that belong to the room",
    "no_elements": "without published elements",
    "other_link": "on interfaces that are not 802.11 with radiotap",
}


def left_out_text(left_out: dict[str, int]) -> str:
    """Return " (left out: 3 damaged, 1 …)", or "" when nothing was left out."""
    parts = [f"{number} {LEFT_OUT[reason]}" for reason, number in left_out.items() if number]
    return f" (left out: {', '.join(parts)})" if parts else ""


def explain(kind: str, problem: Any) -> str:
    """Return what is wrong and what to do, for a `struct problem` of a reader of this kind."""
    code = {number: name for name, number in constants("PROBLEM_").items()}[problem.code]
    item = {"table": "line", "pcapng": "block"}.get(kind, "frame")
    return _TEXTS[code](f"{item} {problem.where}", problem.value)


def _cut(item: str, _value: int) -> str:
    where = "its header" if item.endswith(" 0") else item
    if item.startswith("line"):
        return f"{item} has no line end: the file was cut, copy it again (or end the last line)"
    return f"ends in the middle of {where}: the capture was cut, copy it again (or repair it with editcap)"


def _back_in_time(item: str, seconds: int) -> str:
    return f"{item}: time goes back by {seconds} s: the capturer's clock was set, split the capture there"


def _link_type(_item: str, value: int) -> str:
    known = f" ({LINK_TYPES[value]})" if value in LINK_TYPES else ""
    return f"has link type {value}{known}, not 127: {RECAPTURE}"


def _number(item: str, role: int) -> str:
    column = {number: name for name, number in constants("COLUMN_").items()}[role]
    return f"{item}: what stands under {column} cannot be: repair or export the CSV again"


_TEXTS: dict[str, Callable[[str, int], str]] = {
    "cut": _cut,
    "back_in_time": _back_in_time,
    "time_range": lambda item, _: f"{item}: its time is not between 1970 and 2106: the file is damaged",
    "length": lambda item, value: f"{item} says a length that cannot be ({value}): the file is damaged",
    "link_type": _link_type,
    "version": lambda _, value: (
        f"is of major version {value} of its format, which cannot be read: convert it"
    ),
    "interface": lambda item, value: f"{item} is of interface {value}, which the file does not describe",
    "no_time": lambda item, _: f"{item} is of a kind without time or outdated: convert it (editcap -F pcap)",
    "interfaces": lambda item, value: f"{item} is one interface more than {value}: split the capture",
    "fields": lambda item, value: (
        f"{item} has {value} fields, not as many as the first line: export it again"
    ),
    "number": _number,
    "elements": lambda item, value: (
        f"{item}: ie {value} is not in the dictionary beside it: they do not belong together, copy both again"
    ),
    "room": lambda item, _: f"{item}: the file changed while it was read: try again when it is complete",
}
