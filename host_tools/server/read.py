"""GET /api/windows and /api/places: what the store knows, as CSV or JSON.

Reading asks for no token: what is here are counts, and the server listens on this machine only unless it is
told otherwise. The counts are not yet noisy and small ones not yet suppressed, so they are for the town hall
itself and not for publication.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from torgpuls.host_tools.store.interface import Store, StoreError, Window

DAY_S = 86_400
LAST_S = 253_402_300_799  # 9999-12-31, the last day that ISO 8601 and Python can write
ROWS_AT_ONCE = 500
COLUMNS = (
    "start", "window_s", "place", "node", "present", "listened_permille", "epsilon_permille", "state",
)  # fmt: skip


class ReadApi:
    """Answers questions about windows and places."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.time):
        self._store = store
        self._now_s = now_s

    def windows(self, request: Request) -> Response:
        """Return the windows of one place, the silent ones too; the last day unless told otherwise."""
        query = request.query_params
        now_s = int(self._now_s())
        try:
            place = _one_of(query.get("place"), "place", [found.place for found in self._store.places()])
            wanted = _one_of(query.get("format", "json"), "format", ["csv", "json"])
            end_s = _time_s(query.get("end"), "end", now_s)
            start_s = _time_s(query.get("start"), "start", end_s - DAY_S)
        except ValueError as error:
            return _wrong(400, "invalid", str(error))
        except LookupError as error:
            return _wrong(404, "not found", str(error.args[0]))
        except StoreError as error:
            return _wrong(503, "unavailable", str(error))
        if start_s > end_s:
            return _wrong(400, "invalid", "start is after end")
        windows = self._store.windows(place, start_s, end_s, now_s)
        rows: Iterable[str]
        if wanted == "csv":
            rows, media_type = _csv(windows), "text/csv; charset=utf-8; header=present"
        else:
            rows, media_type = _json(windows), "application/json"
        return StreamingResponse(rows, media_type=media_type, headers={"Cache-Control": "no-store"})

    def places(self, _request: Request) -> Response:
        """Return every place, with its node and the span of its reports."""
        try:
            places = self._store.places()
        except StoreError as error:
            return _wrong(503, "unavailable", str(error))
        rows = [
            {
                "place": place.place, "node": place.node, "first": _iso(place.first_s),
                "last": _iso(place.last_s), "window_s": place.window_s,
            }
            for place in places
        ]  # fmt: skip
        return JSONResponse(rows, headers={"Cache-Control": "no-store"})


def _wrong(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status)


def _one_of(value: str | None, name: str, allowed: Sequence[str]) -> str:
    if not value:
        raise ValueError(f"{name} is missing: add ?{name}=…")
    if value not in allowed:
        raise LookupError(f'there is no {name} "{value}"; there is: {", ".join(allowed) or "nothing yet"}')
    return value


def _time_s(text: str | None, name: str, default_s: int) -> int:
    """Return Unix seconds from seconds or ISO 8601 (UTC where it names no zone). Raises ValueError."""
    if not text:
        return default_s
    try:
        found_s = int(text) if text.isdecimal() else _iso_s(text)
    except (ValueError, OverflowError):
        found_s = -1
    if not 0 <= found_s <= LAST_S:
        raise ValueError(f'{name} "{text}": write 2026-05-01T08:00:00Z, or seconds since 1970')
    return found_s


def _iso_s(text: str) -> int:
    # In a URL "+02:00" arrives as " 02:00" unless the plus was quoted.
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _iso(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(window: Window) -> list[Any]:
    return [
        _iso(window.start_s), window.window_s, window.place, window.node, window.present,
        window.listened_permille, window.epsilon_permille, window.state,
    ]  # fmt: skip


def _in_parts(windows: Iterator[Window]) -> Iterator[list[Window]]:
    while part := list(islice(windows, ROWS_AT_ONCE)):
        yield part


def _csv(windows: Iterator[Window]) -> Iterator[str]:
    """Yield RFC 4180 text; an unknown number is an empty cell."""
    yield ",".join(COLUMNS) + "\r\n"
    for part in _in_parts(windows):
        text = io.StringIO()
        csv.writer(text).writerows(map(_row, part))
        yield text.getvalue()


def _json(windows: Iterator[Window]) -> Iterator[str]:
    """Yield one array with an object per window; an unknown number is null."""
    before = "["
    for part in _in_parts(windows):
        objects = [json.dumps(dict(zip(COLUMNS, _row(window), strict=True))) for window in part]
        yield before + ",\n".join(objects)
        before = ",\n"
    yield "[]\n" if before == "[" else "]\n"
