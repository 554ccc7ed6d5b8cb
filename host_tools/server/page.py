"""The page at /. Its script draws; for readers without scripts the latest figures stand in its text."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from torgpuls.host_tools.store.interface import Place, Store

HTML = Path(__file__).with_name("static") / "index.html"
SUMMARY_MARK = "<!-- summary -->"


class Page:
    """Answers / from one file and the store."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.time):
        self._store = store
        self._now_s = now_s
        self._before, self._after = HTML.read_text(encoding="utf-8").split(SUMMARY_MARK)

    def page(self, _request: Request) -> Response:
        """Return the page with one row per place in its <noscript>."""
        rows = "\n".join(map(self._row, self._store.places()))
        table = (
            "<table><thead><tr><th>Place</th><th>People</th><th>Window from</th></tr></thead>\n"
            f"<tbody>{rows}</tbody></table>"
        )
        return HTMLResponse(self._before + table + self._after, headers={"Cache-Control": "no-store"})

    def _row(self, place: Place) -> str:
        last_s, end_s = place.last_s, place.last_s + place.window_s
        latest = list(self._store.windows(place.place, last_s, last_s + 1, max(end_s, int(self._now_s()))))
        present = latest[-1].present if latest else None
        # Local time as people write it in Sweden: 2026-11-22 14:05.
        moment = datetime.fromtimestamp(last_s).strftime("%Y-%m-%d %H:%M")
        figure = "–" if present is None else str(present)
        return f'<tr><td lang="sv">{escape(place.place)}</td><td>{figure}</td><td>{moment}</td></tr>'
