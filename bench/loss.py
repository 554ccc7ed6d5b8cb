"""Frames lost between the radio's task and the listener: two real threads, the real frame path and ring.

    python bench/loss.py [--seconds 60]

Exits 1 when a floor is missed: at 2,000 frames/s and a wake every 250 ms nothing is lost; in a stall of
20 s at 200 frames/s every loss is counted.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from sniffer.loss import measure


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=int, default=60, help="of the steady run; the stall takes 20")
    seconds = arguments.parse_args().seconds
    steady = measure(2000, seconds, wake_ms=250)
    print(
        f"2,000 frames/s for {seconds} s, a wake every 250 ms: {steady.sent:,} sent, {steady.kept:,} kept, "
    )
    print(f"  {steady.dropped:,} dropped (floor: 0)")
    stalled = measure(200, 25, wake_ms=250, stall_s=20)
    uncounted = stalled.sent - stalled.kept - stalled.dropped
    print(f"200 frames/s for 25 s, the first 20 s stalled: {stalled.sent:,} sent, {stalled.kept:,} kept,")
    print(f"  {stalled.dropped:,} counted as dropped, {uncounted:,} lost without being counted (floor: 0)")
    sys.exit(steady.dropped > 0 or steady.kept != steady.sent or uncounted != 0)


if __name__ == "__main__":
    main()
