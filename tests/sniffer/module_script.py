"""Run by MicroPython and, through simulator.sniffer, by CPython: what the module `_sniffer` answers.

Prints one line per question; test_module.py compares the two outputs.
"""

import sys
from array import array

try:
    import _sniffer as sniffer
except ImportError:
    from torgpuls.simulator import sniffer


def ask(name, function, *arguments):
    try:
        print(name, function(*arguments))
    except (ValueError, OSError) as error:
        print(name, "ValueError" if isinstance(error, ValueError) else "OSError " + str(error.args[0]))


def main(trace_path, start_ms):
    counts = array("i", [0] * 10)
    trace = open(trace_path, "rb")  # noqa: SIM115 (open as long as it is played)
    ask("open", sniffer.open_trace, trace.fileno())
    ask("not a trace", sniffer.open_trace, 99)
    ask("open", sniffer.open_trace, trace.fileno())
    for channel, ms in ((0, 1), (14, 1), (1, -1), (1, 60001), (13, 0)):
        ask("listen", sniffer.listen, channel, ms)
    for wrong in (array("i", [0] * 9), array("I", [0] * 10), array("h", [0] * 20)):
        ask("wrong array", sniffer.close_window, wrong)
    ask("wrong array", sniffer.counters, counts)
    sniffer.close_window(counts)
    sniffer.seek(start_ms)
    for _ in range(5):
        for dwell in range(8):
            ask("heard", sniffer.listen, (1, 6, 11)[dwell % 3], 777)
        sniffer.close_window(counts)
        print("counts", list(counts))
    ask("heard", sniffer.listen, 1, 777)
    sniffer.stop()
    sniffer.close_window(counts)
    print("stopped", list(counts))
    ask("to the damage", sniffer.listen, 1, 60000)
    counters = array("I", [0] * 20)
    ask("outcomes", sniffer.counters, counters)
    print(list(counters))
    ask("static bytes", sniffer.static_bytes)
    ask("reset reason", sniffer.reset_reason)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
