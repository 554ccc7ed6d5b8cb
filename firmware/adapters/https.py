"""One verified HTTPS POST at a time, over MicroPython's `tls` (mbedTLS).

Runs on ESP32 and on MicroPython's unix port. Written against MicroPython 1.25 and later:
docs "ssl", class SSLContext; where those are silent, extmod/modtls_mbedtls.c:
- a certificate that is refused raises ValueError with mbedTLS's own lines as its text;
- other TLS failures raise OSError with mbedTLS's number (negative, below -255) in args[0];
- network failures raise OSError with an errno, after the handshake with its sign turned;
- a handshake that is left to the first write can be polled, so that one deadline holds for
  connecting, handshake, request and answer together, however slowly the bytes drip.
The name check covers host names and, since mbedTLS 3.5, IP addresses among the certificate's
alternative names. Only IPv4 is tried: MicroPython's ESP32 sockets know nothing else.
"""

import errno
import select
import socket
import time

import tls

from ..node import errors, failures, posting

TIMEOUT_MS = 20000  # for connection, handshake, request and answer together; names are looked up before
_PIECE_SIZE = 512  # bytes read at once
_IPPROTO_TCP = 6  # IANA; the unix port's `socket` does not name it
_TCP_NODELAY = 1  # the same number in Linux and in lwIP

# What mbedtls_x509_crt_verify_info() says, in the order in which a person should hear it.
_REFUSALS = (
    ("CN) does not match", "wrong_name"),
    ("validity has expired", "expired"),
    ("starts in the future", "not_yet_valid"),
    ("not correctly signed by the trusted CA", "wrong_ca"),
)
_ERRNOS = {
    errno.ETIMEDOUT: "timeout",
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no_route",
    errno.ECONNRESET: "cut",
    errno.ECONNABORTED: "cut",
    errno.ENOTCONN: "cut",
    errno.ENOMEM: "no_memory",
    32: "cut",  # EPIPE, which MicroPython's errno does not name
    101: "no_route",  # ENETUNREACH of Linux
    114: "no_route",  # ENETUNREACH of newlib
}
# mbedtls/ssl.h
_SSL_INVALID_RECORD = 0x7200
_SSL_CONN_EOF = 0x7280
_SSL_CA_CHAIN_REQUIRED = 0x7680
_SSL_ALLOC_FAILED = 0x7F00
_SSL_BAD_CERTIFICATE = 0x7A00


class Https(posting.Poster):
    """The node's HTTPS client. One TLS context for life: one per connection fragments memory."""

    def __init__(self, host, port, target, token, ca_der, timeout_ms: int = TIMEOUT_MS):
        """host, port, target, token: as for node/posting.py; ca_der: the one CA that is trusted.

        timeout_ms: what one post may take. Raises IdentityError when `ca_der` is no certificate.
        """
        super().__init__(host, port, target, token)
        self._socket = None
        self._stream = None
        self._timeout_ms = timeout_ms
        self._deadline = 0
        self._piece = bytearray(_PIECE_SIZE)
        self._context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        self._context.verify_mode = tls.CERT_REQUIRED
        try:
            self._context.load_verify_locations(ca_der)
        except (ValueError, OSError):
            raise errors.IdentityError("the CA certificate is damaged: provision this node again")

    def start_deadline(self) -> None:
        self._deadline = time.ticks_add(time.ticks_ms(), self._timeout_ms)

    def shut(self) -> None:
        for stream in (self._stream, self._socket):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass  # it is gone either way
        self._stream = self._socket = None

    def open(self) -> None:
        # Looking up a name cannot be given a deadline; lwIP gives up by itself after seconds.
        try:
            found = socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            found = ()
        if not found:
            raise failures.failure(self.server, "no_name")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        # Head and body are two writes: do not hold the second back for the first one's receipt.
        self._socket.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        try:
            self._socket.connect(found[0][-1])
        except OSError as error:
            if error.args[0] != errno.EINPROGRESS:
                raise
        if self._wait(self._socket, select.POLLOUT) & (select.POLLERR | select.POLLHUP):
            self._raise_what_happened()
        # server_hostname is both the SNI and the name that is checked (docs "ssl", wrap_socket).
        self._stream = self._context.wrap_socket(
            self._socket, server_hostname=self.host, do_handshake_on_connect=False
        )

    def _raise_what_happened(self) -> None:
        """Raise why connecting failed: reading fetches the reason, refused is "reset" to lwIP."""
        try:
            self._socket.read(1)
        except OSError as error:
            if error.args[0] not in (errno.ECONNRESET, errno.ENOTCONN):
                raise
        raise failures.failure(self.server, "refused")

    def send(self, data) -> None:
        data = memoryview(data)
        while data:
            sent = self._stream.write(data)  # None: not yet (docs "io")
            if sent is None:
                self._wait(self._stream, select.POLLOUT)
            else:
                data = data[sent:]

    def receive(self):
        while True:
            size = self._stream.readinto(self._piece)
            self._left_ms()
            if size is not None:
                return memoryview(self._piece)[:size]
            self._wait(self._stream, select.POLLIN)

    def explain(self, error) -> errors.WorldError:
        if isinstance(error, ValueError):
            return self._refusal(str(error))
        return self._failure(error.args[0] if error.args else 0)

    def _wait(self, stream, event: int) -> int:
        """Wait until `stream` is ready for `event`; return what it is ready for."""
        poll = select.poll()
        poll.register(stream, event)
        ready = poll.poll(self._left_ms())
        if not ready:
            self._left_ms()
        return ready[0][1] if ready else 0

    def _left_ms(self) -> int:
        left_ms = time.ticks_diff(self._deadline, time.ticks_ms())
        if left_ms <= 0:
            raise failures.failure(self.server, "timeout")
        return left_ms

    def _refusal(self, text: str) -> errors.WorldError:
        for words, cause in _REFUSALS:
            if words in text:
                return failures.failure(self.server, cause)
        return failures.failure(self.server, "bad_certificate", text.strip().replace("\n", "; "))

    def _failure(self, number) -> errors.WorldError:
        """Return the error for OSError.args[0]: an errno, or mbedTLS's negative number."""
        if not isinstance(number, int) or number >= -255:
            cause = _ERRNOS.get(abs(number) if isinstance(number, int) else 0, "network")
            return failures.failure(self.server, cause, "" if cause != "network" else str(number))
        # A high-level code in steps of 0x80, sometimes with a low-level one added (mbedtls/error.h).
        code = -number & 0xFF80
        if code == _SSL_CONN_EOF:
            return failures.failure(self.server, "cut")
        if code == _SSL_ALLOC_FAILED:
            return failures.failure(self.server, "no_memory")
        if code == _SSL_INVALID_RECORD:
            return failures.failure(self.server, "not_tls")
        detail = "mbedTLS -0x%04x" % -number
        if code in (_SSL_BAD_CERTIFICATE, _SSL_CA_CHAIN_REQUIRED) or 0x2080 <= code <= 0x3000:
            return failures.failure(self.server, "bad_certificate", detail)  # 0x2080..0x3000: X.509
        return failures.failure(self.server, "handshake", detail)
