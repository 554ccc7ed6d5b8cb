"""What counting addresses would have said: the rule of the best-known open counter, for comparison.

It reads addresses, which nothing of Torgpuls does outside the C sniffer; so it sees only the
capture file, never a node.
"""

from __future__ import annotations

from pathlib import Path

from torgpuls.simulator.captures.timeline import Reading, read_captures

PROBE_REQUEST = 0x40  # first byte of the frame: type management, subtype 4
LOCAL, GROUP = 2, 1  # bits of an address's first byte
SENDER = slice(10, 16)


def counted(frame: bytes) -> bytes | None:
    """Return what the rule counts of a frame: the sender's last 16 bits, None unless it is local."""
    sender = frame[SENDER]
    if len(sender) < 6 or frame[0] != PROBE_REQUEST or sender[0] & (LOCAL | GROUP) != LOCAL:
        return None
    return sender[4:]


def counts(capture: Path, window_s: int) -> dict[int, int]:
    """Return {window start in Unix s: distinct last 16 bits of local sender addresses in it}.

    Windows without any are left out. Raises CaptureError.
    """
    seen: dict[int, set[bytes]] = {}
    for time_us, frame in read_captures([capture], Reading()).frames():
        ending = counted(frame)
        if ending is not None:
            seen.setdefault(time_us // 1_000_000 // window_s * window_s, set()).add(ending)
    return {start_s: len(endings) for start_s, endings in seen.items()}
