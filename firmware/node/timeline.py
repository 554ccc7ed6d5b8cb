"""Windows on UTC: which one is now, which were missed, which time to believe.

A window starts at a multiple of window_s since 1970. The last reported window is kept in flash
with its length; no window that begins before its end is ever reported again, so after a step
backward the node waits until UTC has passed it. Windows between two reports that nobody
listened to are a gap, counted in whole windows of the length in force now: after a change of
window_s a remainder shorter than one new window belongs to no window.

Which time to believe: never one below the floor (the later of build time and the last
reported window's start), since nothing may be reported there again; never one more than a day
ahead of what is known unless a second server agrees, since one answer can be forged. A server
that is itself up to a day ahead is believed. When an answer below the last reported window
then says that it was wrong (and the second server agrees, where there is one), the node counts
and sends nothing until true time has caught up.
"""

DAY_S = 86400
ABSORBED_S = 2  # a clock this near to the server's is left alone: SNTP seconds are whole
AGREE_S = 60  # two servers this near to each other agree

KEEP = 0
SET = 1
CONFIRM = 2  # believe it only if a second server agrees
REFUSE = 3
AHEAD = 4  # this node's clock ran ahead of all that it reported: believe it as CONFIRM


class Timeline:
    """The node's place on UTC, in seconds since 1970."""

    def __init__(self, window_s: int, build_s: int):
        self.window_s = window_s
        self.floor_s = self._build_s = build_s
        self._last_end_s = 0  # 0: nothing was ever reported

    def reported(self, start_s: int, window_s: int) -> None:
        """Say that the window of `window_s` seconds at start_s is in flash as a report."""
        self._last_end_s = start_s + window_s
        self.floor_s = max(self.floor_s, start_s)

    def judge(self, now_s: int, answer_s: int) -> int:
        """Return KEEP, SET, CONFIRM, REFUSE or AHEAD for a time server's answer.

        now_s: UTC as the node has it, 0 while unknown. answer_s: 0 = there was no answer.
        """
        if not answer_s or answer_s < self._build_s:
            return REFUSE
        if answer_s < self.floor_s:
            return AHEAD if now_s else REFUSE
        if now_s and abs(answer_s - now_s) <= ABSORBED_S:
            return KEEP
        return CONFIRM if answer_s - (now_s or self.floor_s) > DAY_S else SET

    def kept_is_believed(self, now_s: int) -> bool:
        """Return whether UTC as it was found at the start can be true."""
        return self.judge(0, now_s) == SET

    def start_s(self, now_s: int) -> int:
        """Return the start of the window that is now; -1 while it may not be reported."""
        start_s = now_s - now_s % self.window_s
        return start_s if start_s >= self._last_end_s else -1

    def gap_windows(self, start_s: int) -> int:
        """Return how many windows lie between the last reported one and the one at start_s."""
        return (start_s - self._last_end_s) // self.window_s if self._last_end_s else 0


def agree(first_s: int, second_s: int) -> bool:
    """Return whether two servers, asked one after the other, tell the same time."""
    return abs(first_s - second_s) <= AGREE_S
