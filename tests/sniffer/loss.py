"""loss_threads.c behind one call."""

from typing import NamedTuple

from sniffer import c_programs


class Loss(NamedTuple):
    """Frames sent, tallied, and lost to a full ring."""

    sent: int
    kept: int
    dropped: int


def measure(frames_per_s: int, seconds: int, wake_ms: int, stall_s: int = 0, sanitizer: bool = False) -> Loss:
    """Hear `frames_per_s` for `seconds` of real time; the listener wakes every `wake_ms`, after a stall."""
    flags = c_programs.THREAD_CHECKS if sanitizer else ("-O2", "-pthread")
    name = "loss_threads_checked" if sanitizer else "loss_threads"
    program = c_programs.compiled(name, ("loss_threads.c",), c_programs.PORTABLE, *flags)
    arguments = map(str, (frames_per_s, seconds, wake_ms, stall_s))
    return Loss(*map(int, c_programs.run(program, *arguments, timeout_s=seconds + stall_s + 60).split()))
