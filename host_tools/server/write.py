"""POST /api/v2/write, as InfluxDB 2 documents it.

Sources: docs.influxdata.com/influxdb/v2/api/v2/ (PostWrite: parameters, LineProtocolError) and
/influxdb/v2/write-data/troubleshoot/ (status codes); message texts as InfluxDB 2.9 sends them.

| status | code                 | when                                                            | kept     |
|--------|----------------------|-----------------------------------------------------------------|----------|
| 204    |                      | every point is on disk                                          | all      |
| 400    | invalid              | a line cannot be read (`line` says which), precision, encoding  | nothing  |
| 401    | unauthorized         | no token, or one that is nobody's                               | nothing  |
| 403    | forbidden            | not `presence`, or another node's: a node writes its own only   | nothing  |
| 404    | not found            | another bucket or organisation                                  | nothing  |
| 413    | request too large    | more than BODY_LIMIT, counted after decompression               | nothing  |
| 422    | unprocessable entity | a field has another type than before                            | the rest |
| 503    | unavailable          | disk full, too many at once, too slow; Retry-After says when    | nothing  |
"""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from torgpuls.host_tools.store.interface import MEASUREMENT, Point, Series, StoreError, StoreFullError
from torgpuls.host_tools.store.line_protocol import NS_PER_TICK, LineError, Parser

from .committer import BusyError, Committer
from .tokens import Tokens

BODY_LIMIT = 4 * 1024 * 1024  # bytes; a node's line has 800
REQUESTS_LIMIT = 128  # at once; each may hold a body in memory
BODY_WITHIN_S = 30  # from the head to the last byte; whoever is slower would keep others out
RETRY_BUSY_S = 5
RETRY_FULL_S = 60
_PLACE = re.compile(r"[a-z0-9-]{1,24}")


class Refusal(Exception):
    """The request is answered with this status and these words."""

    def __init__(self, status: int, code: str, message: str, line: int = 0, retry_after_s: int = 0):
        super().__init__(message)
        self.status = status
        self.body: dict[str, str | int] = {"code": code, "message": message}
        if line:
            self.body["line"] = line
        self.headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}

    def response(self) -> Response:
        """Return it as InfluxDB words an error."""
        return JSONResponse(self.body, self.status, self.headers)


class WriteApi:
    """Answers write requests: who are you, what did you say, is it on disk."""

    def __init__(
        self, tokens: Tokens, committer: Committer, org: str, bucket: str,
        now_ns: Callable[[], int] = time.time_ns,
    ):  # fmt: skip
        self._tokens = tokens
        self._committer = committer
        self._org = org
        self._bucket = bucket
        self._now_ns = now_ns
        self._parser = Parser()
        self._requests = 0

    async def write(self, request: Request) -> Response:
        """Answer one request; 204 only when all of it is on disk."""
        self._requests += 1
        try:
            node = self._writer_of(request)
            precision = self._check_target(request)
            if self._requests > REQUESTS_LIMIT:
                raise BusyError
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _body(request)
            points = self._points(body, precision)
            _check_rights(points, node)
            refused = await self._committer.keep(points)
            if refused:
                raise Refusal(422, "unprocessable entity", _partly(refused))
        except Refusal as refusal:
            return refusal.response()
        except (BusyError, TimeoutError):
            busy = "too many writes at once: try again"
            return Refusal(503, "unavailable", busy, retry_after_s=RETRY_BUSY_S).response()
        except StoreFullError as error:
            return Refusal(503, "unavailable", str(error), retry_after_s=RETRY_FULL_S).response()
        except StoreError as error:
            return Refusal(500, "internal error", str(error)).response()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        finally:
            self._requests -= 1
        return Response(status_code=204)

    def _writer_of(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        node = self._tokens.node_of(token.strip()) if scheme.lower() in ("token", "bearer") else None
        if node is None:
            raise Refusal(401, "unauthorized", "unauthorized access")
        return node

    def _check_target(self, request: Request) -> str:
        """Return the precision. InfluxDB names org by name or by id; here both are the one organisation."""
        query = request.query_params
        precision = query.get("precision") or "ns"
        if precision not in NS_PER_TICK:
            raise Refusal(400, "invalid", "invalid precision; valid precision units are ns, us, ms, and s")
        bucket = query.get("bucket")
        if bucket != self._bucket:
            raise Refusal(404, "not found", f'bucket "{bucket}" not found' if bucket else "bucket not found")
        org = query.get("org") or query.get("orgID")
        if not org:
            raise Refusal(400, "invalid", "Please provide either orgID or org")
        if org != self._org:
            raise Refusal(404, "not found", f'organization name "{org}" not found')
        return precision

    def _points(self, body: bytes, precision: str) -> list[Point]:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            raise Refusal(400, "invalid", "text is not UTF-8", line) from None
        try:
            points = self._parser.points(text, precision, self._now_ns())
        except LineError as error:
            raise Refusal(400, "invalid", str(error), error.line) from None
        if not points:
            raise Refusal(400, "invalid", "writing requires points")
        return points


def _check_rights(points: list[Point], node: str) -> None:
    # Points of one series share the object, so this looks at each series about once.
    allowed: Series | None = None
    for point in points:
        if point.series is not allowed:
            _check_series(point.series, node)
            allowed = point.series


def _check_series(series: Series, node: str) -> None:
    """A node writes its own reports and nothing else, so a stolen token is worth one node."""
    who = f'the token of node "{node}" may not write'
    if series.measurement != MEASUREMENT:
        raise Refusal(403, "forbidden", f'{who} measurement "{series.measurement}", only "{MEASUREMENT}"')
    if series.tag("node") != node:
        raise Refusal(403, "forbidden", f'{who} node "{series.tag("node") or ""}"')
    place = series.tag("place")
    if len(series.tags) != 2 or place is None or not _PLACE.fullmatch(place):
        raise Refusal(403, "forbidden", f"{who} other tags than node and place (a-z, 0-9, -; at most 24)")


def _partly(refused: list[str]) -> str:
    first = refused[0]
    return (
        "failure writing points to database: partial write: field type conflict: "
        f"{first} dropped={len(refused)}"
    )


async def _body(request: Request) -> bytes:
    """Return the body, decompressed. Never holds more than BODY_LIMIT of it, however small it came."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise Refusal(400, "invalid", f'content encoding "{encoding}" is not known: send gzip or none')
    inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None  # 31: gzip header and trailer
    said = request.headers.get("content-length", "0")
    if not inflate and said.isdecimal() and int(said) > BODY_LIMIT:
        raise _too_large()
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += inflate.decompress(chunk, BODY_LIMIT + 1 - len(body)) if inflate else chunk
            if len(body) > BODY_LIMIT:
                raise _too_large()
            if inflate and inflate.unused_data:
                raise Refusal(400, "invalid", "gzipped HTTP body goes on after its end")
    except zlib.error:
        raise Refusal(400, "invalid", "gzipped HTTP body cannot be read") from None
    if inflate and not inflate.eof:
        raise Refusal(400, "invalid", "gzipped HTTP body ends too early")
    return bytes(body)


def _too_large() -> Refusal:
    message = f"unable to read data: points batch is too large, the limit is {BODY_LIMIT} bytes"
    return Refusal(413, "request too large", message)
