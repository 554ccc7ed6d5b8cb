"""Where a played node's reports go: to whoever plays it, and on request to a real server first.

Both are Transports that take no virtual time: a replay loses no listening to its uploads.
"""

from ..firmware.node import report
from ..firmware.node.errors import NetworkError, PersonError, TrustError

TAKEN = 204
_PERSON = {401: "it does not know the token", 403: "the token may not write there", 404: "no such bucket"}


class UploadStopped(PersonError):
    """The server cannot be used; the text names it and says what to do."""


class Collector:
    """The Transport port where every report arrives: tell(values) hears each of them."""

    def __init__(self, clock, tell):
        """values: as report.unpack() returns them, and the node's id under "node"."""
        self._clock = clock
        self._tell = tell

    def connect(self) -> None:
        """Nothing to join."""

    def time_s(self, server: str) -> int:
        return self._clock.true_s()

    def write(self, body) -> tuple:
        for line in bytes(body).split(b"\n")[:-1]:
            node, slot, _ = report.from_line(line)
            values = report.unpack(slot)
            values["node"] = node
            self._tell(values)
        return TAKEN, 0

    def signal_dbm(self) -> int:
        return 0

    def disconnect(self) -> None:
        """Nothing to leave."""


class Courier(Collector):
    """The same, but a report is told only when a real server has taken it.

    What a person must mend stops the replay: a server that is not trusted, refuses the token,
    or was never reached. Once it was reached its outages are the node's to survive.
    """

    def __init__(self, clock, tell, transport):
        """transport: upload.UploadTransport, or its like."""
        Collector.__init__(self, clock, tell)
        self._transport = transport
        self._reached = False

    def write(self, body) -> tuple:
        try:
            status, retry_after_s = self._transport.write(body)
        except TrustError as error:
            raise UploadStopped("upload: " + str(error)) from None
        except NetworkError as error:
            if self._reached:
                raise
            raise UploadStopped("upload: " + str(error)) from None
        if status in _PERSON:
            raise UploadStopped(f"upload: the server answered {status}: {_PERSON[status]}")
        if status == TAKEN:
            self._reached = True
            Collector.write(self, body)
        return status, retry_after_s

    def disconnect(self) -> None:
        self._transport.disconnect()
