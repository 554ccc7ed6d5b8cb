"""Networks as worlds: one that is never there, one that stores reports and fails on request.

RecordingNetwork stores points as InfluxDB does (the same measurement, tags and time replace),
so that rows can be counted. Its faults are those of a real network, in virtual time.
"""

from ..firmware.node import report
from ..firmware.node.errors import NetworkError, TrustError

# What a script may say about one write, besides a status or (status, retry_after_s):
CUT_BEFORE = "cut before"  # the server saw nothing
CUT_DURING = "cut during"  # the server saw a part of the request, which it ignores
CUT_AFTER = "cut after"  # the server stored everything, the answer got lost
DISTRUST = "distrust"  # its certificate is not the one that is trusted


class Row:
    """A stored report: row[name] is one of its numbers. Unpacks only what is asked for."""

    def __init__(self, slot):
        self._slot = slot

    def __getitem__(self, name: str) -> int:
        return report.number(self._slot, name)


class SilentNetwork:
    """The Transport port where there is no network."""

    def __init__(self, clock, connect_ms: int = 10000):
        self._clock = clock
        self._connect_ms = connect_ms
        self.connects = 0

    def connect(self) -> None:
        self.connects += 1
        self._clock.pass_ms(self._connect_ms)
        raise NetworkError("no network")

    def time_s(self, server: str) -> int:
        raise NetworkError("no network")

    def write(self, body) -> tuple:
        raise NetworkError("no network")

    def signal_dbm(self) -> int:
        return 0

    def disconnect(self) -> None:
        """Nothing to leave."""


class RecordingNetwork:
    """The Transport port, with a store behind it.

    points: {(place, node, time): (slot, seal)}; order: their keys as first stored; repeats:
    points that came again; conflicts: points that came again with other values; writes: true
    time in ms of every request that reached the server; connects: of every attempt to join.
    script: what happens to the coming writes, one entry each: None (nothing special), a
    status, (status, retry_after_s), or one of the words above; used up from its front.
    outages: [(from_s, to_s)] of true UTC in which nothing answers.
    time_off_s: {server: how wrong its time is}; None: it does not answer.
    write_ms: how long a write takes.
    refuses: function (values of a report) -> bool: such a report is refused with `refusal`.
    """

    def __init__(self, clock, connect_ms: int = 3000, write_ms: int = 800, store: dict = None):
        """store: `points` to begin with, of a network that lives longer than one node."""
        self._clock = clock
        self._connect_ms = connect_ms
        self.write_ms = write_ms
        self.points = {} if store is None else store
        self.order = []
        self.repeats = 0
        self.conflicts = 0
        self.unanswered = set()
        self.writes = []
        self.connects = []
        self.script = []
        self.outages = []
        self.time_off_s = {}
        self.refuses = None
        self.refusal = 400
        self._connected = False

    def connect(self) -> None:
        self.connects.append(self._clock.true_ms)
        self._clock.pass_ms(self._connect_ms)
        if self._is_out():
            raise NetworkError("no network")
        self._connected = True

    def time_s(self, server: str) -> int:
        self._need_connection()
        self._clock.pass_ms(50)
        off_s = self.time_off_s.get(server, 0)
        if off_s is None:
            raise NetworkError(server + " does not answer")
        return self._clock.true_s() + off_s

    def write(self, body) -> tuple:
        self._need_connection()
        self._clock.pass_ms(self.write_ms)
        fault = self.script.pop(0) if self.script else None
        if fault == DISTRUST:
            raise TrustError("another certificate")
        if fault in (CUT_BEFORE, CUT_DURING):
            raise NetworkError("connection lost")
        self.writes.append(self._clock.true_ms)
        if isinstance(fault, tuple):
            return fault
        if isinstance(fault, int):
            return fault, 0
        status, keys = self._store(bytes(body))
        if fault == CUT_AFTER:
            self.unanswered.update(keys)
            raise NetworkError("connection lost")
        self.unanswered.difference_update(keys)
        return status, 0

    def signal_dbm(self) -> int:
        return -60

    def disconnect(self) -> None:
        self._connected = False

    def rows(self) -> list:
        """Return every stored report as a Row, oldest first."""
        return [Row(self.points[key][0]) for key in sorted(self.points, key=lambda key: key[2])]

    def _is_out(self) -> bool:
        now_s = self._clock.true_s()
        return any(begin_s <= now_s < end_s for begin_s, end_s in self.outages)

    def _need_connection(self) -> None:
        if not self._connected or self._is_out():
            raise NetworkError("no network")

    def _store(self, body: bytes) -> tuple:
        """Store a request as InfluxDB does; return (status, keys of what was stored).

        400 and 413 reject the whole request, 422 stores what it can.
        """
        good = []
        for line in body.split(b"\n")[:-1]:
            node, slot, mark = report.from_line(line)
            values = report.unpack(slot)
            if not (self.refuses and self.refuses(values)):
                good.append(((values["place"], node, values["window_start_s"]), (bytes(slot), mark)))
        bad = len(good) < body.count(b"\n")
        if bad and self.refusal != 422:
            return self.refusal, ()
        for key, point in good:
            if key in self.points:
                self.repeats += 1
                self.conflicts += self.points[key] != point
            else:
                self.order.append(key)
            self.points[key] = point
        return self.refusal if bad else 204, [key for key, _ in good]
