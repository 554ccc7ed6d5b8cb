"""Asks time servers and sets the clock when timeline.py believes the answer."""

from . import report, timeline
from .errors import NetworkError

RETRY_S = 3600  # until the next question, when no server gave a time to believe


class Timekeeping:
    """The node's clock. source: CLOCK_SOURCE_* of report.py, UNKNOWN while it must not be used.

    step_s: how far the clock was set since the last take_step_s().
    """

    def __init__(self, ports, line, servers, sync_h: int):
        """line: the node's Timeline; servers: two names, the second may be empty."""
        self._ports = ports
        self._line = line
        self._servers = servers
        self._sync_s = sync_h * 3600
        self._due_uptime_s = 0
        self._step_s = 0
        kept = line.kept_is_believed(ports.clock.unix_s())
        self.source = report.CLOCK_SOURCE_KEPT if kept else report.CLOCK_SOURCE_UNKNOWN

    def now_s(self) -> int:
        """Return UTC in seconds, 0 while it is unknown or below the floor."""
        now_s = self._ports.clock.unix_s()
        if now_s < self._line.floor_s:
            self.source = report.CLOCK_SOURCE_UNKNOWN
        return now_s if self.source else 0

    def is_due(self) -> bool:
        """Return whether it is time to ask a server."""
        return not self.source or self._ports.system.uptime_s() >= self._due_uptime_s

    def doubt(self) -> None:
        """Ask at the next opportunity: something failed that a wrong clock would explain."""
        self._due_uptime_s = 0

    def take_step_s(self) -> int:
        """Return how far the clock was set since the last call; the first setting is no step."""
        step_s, self._step_s = self._step_s, 0
        return step_s

    def ask(self) -> bool:
        """Ask the servers, set the clock if need be; return whether UTC is known now.

        The transport must be connected. A server that does not answer, or whose time is not
        believed, is passed over. A clock that ran ahead is set back below the floor, where it
        counts as unknown.
        """
        wait_s = RETRY_S
        for i, server in enumerate(self._servers):
            answer_s = self._answer_s(server)
            now_s = self.now_s()
            verdict = self._line.judge(now_s, answer_s)
            if verdict in (timeline.CONFIRM, timeline.AHEAD):
                other = self._servers[1 - i]
                alone = other in ("", server)
                other_s = 0 if alone else self._answer_s(other)
                if timeline.agree(answer_s, other_s):
                    answer_s = other_s
                elif not (alone and verdict == timeline.AHEAD):
                    continue  # one word will do for AHEAD: the next honest answer undoes it
            if verdict != timeline.REFUSE:
                if verdict != timeline.KEEP:
                    self._set(now_s, answer_s)
                confirmed = verdict == timeline.CONFIRM
                self.source = report.CLOCK_SOURCE_SNTP_TWO if confirmed else report.CLOCK_SOURCE_SNTP
                wait_s = self._sync_s
                break
        self._due_uptime_s = self._ports.system.uptime_s() + wait_s
        return self.now_s() > 0

    def _set(self, now_s: int, answer_s: int) -> None:
        self._ports.clock.set_unix_s(answer_s)
        if now_s:
            self._step_s += answer_s - now_s

    def _answer_s(self, server: str) -> int:
        """Return one server's time, 0 when it gave none."""
        if not server:
            return 0
        try:
            return self._ports.transport.time_s(server)
        except NetworkError:
            return 0
