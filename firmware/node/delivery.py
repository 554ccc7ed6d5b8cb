"""What waits in the outbox goes to the server; what each answer means for the reports in it.

    204            the batch is stored: mark it sent
    400, 413, 422  something in the batch is refused: send its reports one by one; one that is
                   refused alone is refused for good and discarded with that cause
    401, 403, 404  token or bucket: a person must act; keep everything, try again much later
    any other      the server's trouble: keep everything, try again later, or when it says
Source: InfluxDB 2 API, POST /api/v2/write. A repeated report is the same point, so an answer
that never arrived costs nothing.
"""

from . import outbox, report

DONE = 0  # nothing is left, or time was up
LATER = 1
PERSON = 2

_TAKEN = 204
_REFUSED = (400, 413, 422)
_PERSON = (401, 403, 404)


class Delivery:
    """Sends batches of reports.

    taken: reports that the server took in the last run. retry_after_s: how long it wants to be
    left alone.
    """

    def __init__(self, box, transport, identity, batch: int, progress):
        """batch: reports in one request at most; their lines are built in one fixed buffer.

        progress: called after every answer.
        """
        self._box = box
        self._transport = transport
        self._identity = identity
        self._batch = batch
        self._progress = progress
        self._body = bytearray(batch * report.LINE_MAX)
        self._positions = [0] * batch
        self._alone = 0  # how many of the oldest reports go one by one
        self.taken = 0
        self.retry_after_s = 0

    def run(self, timer) -> int:
        """Send until nothing waits, `timer` ran out or the server says no; return the outcome.

        Raises NetworkError, TrustError or FlashError.
        """
        self.taken = self.retry_after_s = 0
        while timer.left_ms() > 0:
            count, size = self._collect(1 if self._alone else self._batch)
            if not count:
                return DONE
            status, self.retry_after_s = self._transport.write(memoryview(self._body)[:size])
            self._progress()
            if status in _REFUSED and count > 1:
                self._alone = count
            elif status == _TAKEN or status in _REFUSED:
                self._mark(count, outbox.SENT if status == _TAKEN else outbox.REFUSED)
                self.taken += count if status == _TAKEN else 0
                self._alone = max(0, self._alone - 1)
            else:
                return PERSON if status in _PERSON else LATER
        return DONE

    def _collect(self, limit: int) -> tuple:
        """Fill the body with the oldest reports' lines; return (how many, bytes)."""
        count = size = 0
        at = self._box.next_unsent()
        while at >= 0 and count < limit:
            line = report.to_line(self._box.slot, self._identity.node, self._identity.report_key)
            self._body[size : size + len(line)] = line
            self._positions[count] = at
            size += len(line)
            count += 1
            at = self._box.next_unsent(at)
        return count, size

    def _mark(self, count: int, state: int) -> None:
        for i in range(count):
            self._box.mark(self._positions[i], state)
