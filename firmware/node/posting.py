"""A POST and its answer over a connection that is kept: the order of steps, without I/O.

The TLS clients (adapters/https.py, simulator/https.py) inherit from Poster and move the bytes.
"""

from . import errors, failures, http


class Poster:
    """POSTs to one address, with the connection kept between them while the server allows."""

    def __init__(self, host: str, port: int, target: str, token: str):
        self.host = host
        self.port = port
        self.server = "%s:%d" % (host, port)
        self._target = target
        self._token = token
        self._kept = False

    def post(self, body) -> tuple:
        """Send `body`; return (status, retry_after_s). Raises NetworkError or TrustError.

        The body must be one that may arrive twice: when a kept connection turns out to be
        closed, a new one is tried once (RFC 9112, 9.3.1), and the server may have read the first.
        """
        self.start_deadline()
        answer = http.Answer()
        kept = self._kept
        try:
            return self._exchange(body, answer)
        except errors.NetworkError:
            if not kept or answer.begun:
                raise
        return self._exchange(body, http.Answer())

    def close(self) -> None:
        """Close the connection if there is one; never raises."""
        self._kept = False
        self.shut()

    def _exchange(self, body, answer) -> tuple:
        keep = False
        head = http.post_head(self.host, self.port, self._target, self._token, len(body))
        try:
            if not self._kept:
                self.open()
            self.send(head)
            self.send(body)
            while not answer.done:
                data = self.receive()
                if data:
                    answer.feed(data)
                elif answer.begun:
                    answer.closed()
                else:
                    raise failures.failure(self.server, "cut")
            keep = answer.keep_alive
            return answer.status, answer.retry_after_s
        except http.AnswerError as error:
            raise http.AnswerError(self.server + ": " + str(error))
        except (OSError, ValueError) as error:
            raise self.explain(error)
        finally:
            self._kept = keep
            if not keep:
                self.shut()

    # What a client adds:

    def start_deadline(self) -> None:
        """Begin the time that one post may take in all."""
        raise NotImplementedError

    def open(self) -> None:
        """Connect, check the certificate and the name. Raises OSError, ValueError, WorldError."""
        raise NotImplementedError

    def send(self, data) -> None:
        """Send all of `data`. Raises OSError, ValueError, WorldError."""
        raise NotImplementedError

    def receive(self):
        """Return the next bytes, b"" at the end. Raises OSError, ValueError, WorldError."""
        raise NotImplementedError

    def explain(self, error) -> errors.WorldError:
        """Return what an OSError or ValueError of this client's library means."""
        raise NotImplementedError

    def shut(self) -> None:
        """Close what is open; never raises."""
        raise NotImplementedError
