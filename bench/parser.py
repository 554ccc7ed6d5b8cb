"""Mutated frames through the sniffer's C under AddressSanitizer and UBSan: no finding is the floor.

python bench/parser.py [--frames 10000000] [--seed 1]
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from sniffer import fuzzing


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--frames", type=int, default=10_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    start_s = time.monotonic()
    try:
        outcomes = fuzzing.run(asked.frames, asked.seed)
    except AssertionError as finding:
        sys.exit(f"a finding:\n{finding}")
    took_s = time.monotonic() - start_s
    print(f"{sum(outcomes.values()):,} mutated frames, seed {asked.seed}, 0 findings, {took_s:.0f} s")
    for name, count in outcomes.items():
        print(f"  {name.lower().replace('_', ' '):13} {count:>12,}")


if __name__ == "__main__":
    main()
