"""A TLS server on loopback that answers as a script says, honest or not."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Server:
    """Runs `script(server, connection)` for each connection; `requests` keeps what read_request() read.

    context None: plain TCP.
    """

    def __init__(self, context: ssl.SSLContext | None, script: Callable[["Server", socket.socket], None]):
        self.requests: list[bytes] = []
        self.connections = 0
        self._context = context
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._thread.join(timeout=10)
        self._listener.close()

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.settimeout(3)
            # A client that refuses the certificate, or leaves early, is what the tests are about.
            with contextlib.suppress(OSError), connection:
                if self._context is None:
                    self._script(self, connection)
                else:
                    with self._context.wrap_socket(connection, server_side=True) as stream:
                        self._script(self, stream)

    def read_request(self, stream: socket.socket) -> bool:
        """Read one request with its body; False when the client has closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = stream.recv(4096)
            if not piece:
                return False
            data += piece
        size = int(re.search(rb"content-length: (\d+)", data, re.I).group(1))
        while len(data) < data.index(b"\r\n\r\n") + 4 + size:
            data += stream.recv(4096)
        self.requests.append(data)
        return True


def answers(*pieces: bytes, pause_s: float = 0.0) -> Callable[[Server, socket.socket], None]:
    """Return a script that answers each request with `pieces`, then waits for the next one."""

    def script(server: Server, stream: socket.socket) -> None:
        while server.read_request(stream):
            for piece in pieces:
                stream.sendall(piece)
                server.closing.wait(pause_s)

    return script


def answers_and_closes(answer: bytes) -> Callable[[Server, socket.socket], None]:
    """Return a script that answers one request and closes the connection."""

    def script(server: Server, stream: socket.socket) -> None:
        if server.read_request(stream):
            stream.sendall(answer)

    return script


def resets(answer: bytes = b"") -> Callable[[Server, socket.socket], None]:
    """Return a script that takes one request, sends `answer` and resets the connection."""

    def script(server: Server, stream: socket.socket) -> None:
        if server.read_request(stream):
            if answer:
                stream.sendall(answer)
                time.sleep(0.2)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            stream.close()

    return script
