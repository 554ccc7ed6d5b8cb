"""The node's HTTPS client on CPython: the same promises as firmware/adapters/https.py, over `ssl`.

Causes, texts, request bytes and the reading of answers are the node's own (firmware/node).
"""

from __future__ import annotations

import errno
import socket
import ssl
import time

from ..firmware.node import errors, failures, posting

TIMEOUT_MS = 20_000  # for connection, handshake, request and answer together
_PIECE_SIZE = 16384

# X509_V_ERR_* of openssl/x509_vfy.h
_REFUSALS = {9: "not_yet_valid", 10: "expired", 62: "wrong_name", 64: "wrong_name"}
_REFUSALS.update(dict.fromkeys((7, 18, 19, 20, 21), "wrong_ca"))
_ERRNOS = {
    errno.ETIMEDOUT: "timeout",
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no_route",
    errno.ENETUNREACH: "no_route",
    errno.ECONNRESET: "cut",
    errno.ECONNABORTED: "cut",
    errno.ENOTCONN: "cut",
    errno.EPIPE: "cut",
}


class Https(posting.Poster):
    """The node's HTTPS client, on CPython."""

    def __init__(
        self, host: str, port: int, target: str, token: str, ca_der: bytes, timeout_ms: int = TIMEOUT_MS
    ):
        """host, port, target, token: as for node/posting.py; ca_der: the one CA that is trusted.

        timeout_ms: what one post may take. Raises IdentityError when `ca_der` is no certificate.
        """
        super().__init__(host, port, target, token)
        self._socket: socket.socket | None = None
        self._stream: ssl.SSLSocket | None = None
        self._timeout_ms = timeout_ms
        self._deadline_s = 0.0
        # CERT_REQUIRED and check_hostname are the defaults of this protocol (docs "ssl").
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            self._context.load_verify_locations(cadata=ca_der)
        except (ssl.SSLError, ValueError):
            raise errors.IdentityError("the CA certificate is damaged: provision this node again") from None

    def start_deadline(self) -> None:
        self._deadline_s = time.monotonic() + self._timeout_ms / 1000

    def open(self) -> None:
        self._socket = socket.create_connection((self.host, self.port), timeout=self._left_s())
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._context.wrap_socket(
            self._socket, server_hostname=self.host, do_handshake_on_connect=False
        )
        self._stream.settimeout(self._left_s())
        self._stream.do_handshake()

    def send(self, data: bytes) -> None:
        assert self._stream is not None
        rest = memoryview(data)
        while rest:
            self._stream.settimeout(self._left_s())
            rest = rest[self._stream.send(rest) :]

    def receive(self) -> bytes:
        assert self._stream is not None
        self._stream.settimeout(self._left_s())
        return self._stream.recv(_PIECE_SIZE)

    def shut(self) -> None:
        for stream in (self._stream, self._socket):
            if stream is not None:
                stream.close()
        self._stream = self._socket = None

    def explain(self, error: Exception) -> errors.WorldError:
        if isinstance(error, ssl.SSLCertVerificationError):
            cause = _REFUSALS.get(error.verify_code, "bad_certificate")
            detail = error.verify_message if cause == "bad_certificate" else ""
            return failures.failure(self.server, cause, detail)
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):  # which, is OpenSSL's choice
            return failures.failure(self.server, "cut")
        if isinstance(error, ssl.SSLError):
            # OpenSSL's names for bytes that are no TLS record (openssl/sslerr.h).
            if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
                return failures.failure(self.server, "not_tls")
            return failures.failure(self.server, "handshake", error.reason or "")
        if isinstance(error, socket.gaierror | ValueError):  # ValueError: no name at all, such as "a..b"
            return failures.failure(self.server, "no_name")
        if isinstance(error, TimeoutError):
            return failures.failure(self.server, "timeout")
        number = (isinstance(error, OSError) and error.errno) or 0
        cause = _ERRNOS.get(number, "network")
        return failures.failure(self.server, cause, str(error) if cause == "network" else "")

    def _left_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise failures.failure(self.server, "timeout")
        return left_s
