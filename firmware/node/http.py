"""HTTP/1.1 as one client needs it: the bytes of a POST, and its answer read as it arrives.

No I/O. The TLS clients move the bytes: adapters/https.py, simulator/https.py.
Sources: RFC 9110 (semantics), RFC 9112 (messages).
"""

from . import errors

HEAD_LIMIT = 4096  # bytes of status line, headers or trailers
BODY_LIMIT = 65536  # bytes of body; a store's answer is empty or one JSON object
RETRY_AFTER_DATE_S = 60  # used when Retry-After is a date: this client's clock is not the server's
RETRY_AFTER_LIMIT_S = 86400

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

_STATUS, _HEADERS, _LENGTH, _UNTIL_CLOSE, _CHUNK_SIZE, _CHUNK, _CHUNK_END, _TRAILERS, _DONE = range(9)


class AnswerError(errors.NetworkError):
    """The server's answer is not HTTP/1.1, or larger than any answer it should give."""


def percent(text: str) -> str:
    """Return `text` as it may stand in a query string (RFC 3986, 2.1)."""
    return "".join(chr(byte) if byte in _UNRESERVED else "%%%02X" % byte for byte in text.encode())


def write_target(org: str, bucket: str) -> str:
    """Return the path and query under which InfluxDB 2 takes line protocol with seconds."""
    return "/api/v2/write?org=" + percent(org) + "&bucket=" + percent(bucket) + "&precision=s"


def post_head(host: str, port: int, target: str, token: str, body_size: int) -> bytes:
    """Return the head of a POST of `body_size` bytes of line protocol; the body follows it.

    Raises ValueError when a part would break out of its line.
    """
    lines = (
        "POST " + target + " HTTP/1.1",
        # RFC 9112, 3.2: an IPv6 literal stands in brackets, the default port may be left out.
        "Host: " + ("[" + host + "]" if ":" in host else host) + ("" if port == 443 else ":%d" % port),
        "Authorization: Token " + token,
        "Content-Type: text/plain; charset=utf-8",
        "Content-Length: %d" % body_size,
        "User-Agent: torgpuls",
    )
    for line in lines:
        if "\r" in line or "\n" in line:
            raise ValueError("a line break in the request's head")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Answer:
    """One answer to a POST, fed in whatever pieces arrive; the body is counted, not kept.

    done: it is complete. Then `status` is its number, `retry_after_s` is what the server asked
    for (0: nothing) and `keep_alive` says whether the connection may carry another request.
    begun: at least one byte of it arrived.
    """

    def __init__(self):
        self.status = 0
        self.retry_after_s = 0
        self.keep_alive = True
        self.begun = False
        self.done = False
        self._state = _STATUS
        self._line = b""
        self._head_size = 0
        self._body_size = 0
        self._left = -1  # bytes of body or chunk still to come; -1: not said
        self._chunked = False

    def feed(self, data) -> None:
        """Take the next bytes. Raises AnswerError."""
        data = bytes(data)
        self.begun = self.begun or len(data) > 0
        while data:
            if self._state == _DONE:
                # RFC 9112, 9.3: nothing was asked, so these bytes belong to no answer.
                self.keep_alive = False
                return
            if self._state in (_LENGTH, _UNTIL_CLOSE, _CHUNK):
                data = self._body(data)
            else:
                data = self._until_line_end(data)

    def closed(self) -> None:
        """Say that the server closed the connection. Raises AnswerError if that was too early."""
        if self._state == _UNTIL_CLOSE:
            self._finish()
            self.keep_alive = False
        if not self.done:
            raise AnswerError("the connection was closed before the answer was complete")

    def _until_line_end(self, data: bytes) -> bytes:
        end = data.find(b"\n")
        part, rest = (data, b"") if end < 0 else (data[: end + 1], data[end + 1 :])
        self._head_size += len(part)
        if self._head_size > HEAD_LIMIT:
            raise AnswerError("the answer's head is larger than %d bytes" % HEAD_LIMIT)
        self._line += part
        if end >= 0:
            line, self._line = self._line, b""
            # RFC 9112, 2.2: a recipient may take a lone LF as a line's end.
            self._take_line(line[:-2] if line.endswith(b"\r\n") else line[:-1])
        return rest

    def _take_line(self, line: bytes) -> None:
        if self._state == _STATUS:
            self._status_line(line)
        elif self._state == _HEADERS:
            if line:
                self._header(line)
            else:
                self._end_of_head()
        elif self._state == _CHUNK_SIZE:
            self._chunk_size(line)
        elif self._state == _CHUNK_END:
            if line:
                raise AnswerError("a chunk of the answer is longer than it says")
            self._state = _CHUNK_SIZE
            self._head_size = 0
        elif not line:  # _TRAILERS
            self._finish()

    def _status_line(self, line: bytes) -> None:
        # RFC 9112, 4: HTTP-version SP 3DIGIT SP [ reason ]; the last space is often forgotten.
        if line[:7] != b"HTTP/1." or line[8:9] != b" " or line[12:13] not in (b" ", b""):
            raise AnswerError("the answer is not HTTP/1.1: the port belongs to another service")
        self.keep_alive = line[7:8] != b"0"
        self.status = _number(line[9:12], "status")
        if not 100 <= self.status <= 599 or len(line) < 12 or self.status == 101:
            raise AnswerError("the answer's status %d was not asked for" % self.status)
        self._state = _HEADERS

    def _header(self, line: bytes) -> None:
        colon = line.find(b":")
        # RFC 9112, 5.1 and 5.2: no space before the colon, no folded lines.
        if colon < 1 or line[:1] in (b" ", b"\t") or line[colon - 1 : colon] in (b" ", b"\t"):
            raise AnswerError("the answer has a damaged header")
        name, value = line[:colon].lower(), line[colon + 1 :].strip()
        if name == b"content-length":
            size = _number(value, "Content-Length")
            if self._left >= 0 and self._left != size:
                raise AnswerError("the answer has two lengths")
            self._left = size
        elif name == b"transfer-encoding":
            if value.lower() != b"chunked" or self._chunked:
                raise AnswerError("the answer has a transfer encoding that was not asked for")
            self._chunked = True
        elif name == b"connection" and b"close" in value.lower():
            self.keep_alive = False
        elif name == b"retry-after":
            # RFC 9110, 10.2.3: a number of seconds, or a date.
            seconds = _number(value, "Retry-After") if _digits(value) else RETRY_AFTER_DATE_S
            self.retry_after_s = min(seconds, RETRY_AFTER_LIMIT_S)

    def _end_of_head(self) -> None:
        self._head_size = 0
        if self.status < 200:
            # RFC 9110, 15.2: any number of interim answers may come before the final one.
            self._state, self._left, self._chunked = _STATUS, -1, False
        elif self.status in (204, 304):
            self._finish()  # RFC 9112, 6.3: these never have a body, whatever the headers say
        elif self._chunked:
            if self._left >= 0:
                raise AnswerError("the answer has a length and chunks")  # RFC 9112, 6.3
            self._state = _CHUNK_SIZE
        elif self._left == 0:
            self._finish()
        else:
            self._limit(self._left)
            self._state = _LENGTH if self._left > 0 else _UNTIL_CLOSE

    def _chunk_size(self, line: bytes) -> None:
        text = line.split(b";")[0].strip()
        if not 1 <= len(text) <= 6 or not all(byte in b"0123456789abcdefABCDEF" for byte in text):
            raise AnswerError("the answer has a damaged chunk")
        self._left = int(text, 16)
        self._limit(self._left)
        self._head_size = 0
        self._state = _CHUNK if self._left else _TRAILERS

    def _body(self, data: bytes) -> bytes:
        if self._state == _UNTIL_CLOSE:
            self._body_size += len(data)
            self._limit(0)
            return b""
        taken = min(self._left, len(data))
        self._body_size += taken
        self._left -= taken
        if self._left == 0:
            if self._state == _CHUNK:
                self._state = _CHUNK_END
            else:
                self._finish()
        return data[taken:]

    def _limit(self, more: int) -> None:
        if self._body_size + more > BODY_LIMIT:
            raise AnswerError("the answer is larger than %d bytes" % BODY_LIMIT)

    def _finish(self) -> None:
        self._state = _DONE
        self.done = True


def _digits(value: bytes) -> bool:
    return 1 <= len(value) <= 9 and all(48 <= byte <= 57 for byte in value)


def _number(value: bytes, name: str) -> int:
    if not _digits(value):
        raise AnswerError("the answer's " + name + " is not a number")
    return int(value)
