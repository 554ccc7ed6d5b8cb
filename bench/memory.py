"""Whether a node lives in its memory: a week in an 80 kB heap, and C's static memory per board.

    python bench/memory.py [--addresses 10000]

The week runs on MicroPython on an emulated 32-bit microcontroller (RV32, as the ESP32-C3): words
of 4 bytes and the node's modules frozen into the image, as on a board. (On a 64-bit machine every
object is about twice as large and the bytecode lies in the heap, so its figures would say nothing.)
The flash chip is played by memory outside the heap; TLS and Wi-Fi, which have memory of their own on
the board, are left out. In the busiest hour of each day every window has 10,000 addresses. Ends with
1 when a day leaves less free than the day before, or when the C does not fit.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from torgpuls.simulator.toolchain import frozen, packages, qemu

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "build" / "path"
SNIFFER = ROOT / "firmware" / "sniffer"
HEAP_BYTES = 80 * 1024
FLASH_AT, FLASH_SIZE = 0x86000000, 300 * 1024  # the emulated machine has 128 MB from 0x80000000 on
BUSY_S = 3600
TIMEOUT_S = 1800
# The sniffer as ESP-IDF compiles it for an ESP32-C3 (bench/cost.py has all flags).
COMPILE = ["riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", "-O2", "--specs=picolibc.specs", "-c"]
SOURCES = ("frame.c", "siphash.c", "ring.c", "tally.c", "sniffer.c")
GROWTH_ALLOWED_BYTES = 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--addresses", type=int, default=10_000, help="in each busy window")
    parser.add_argument("--days", type=int, default=7)
    asked = parser.parse_args()
    packages.ensure(qemu.NEEDS)
    days = week(asked.addresses, asked.days)
    print(
        f"{'day':>4}{'free':>8}{'largest block':>15}{'in use at most':>16}{'reports':>9}{'tables full':>13}"
    )
    for day, free, largest, most, reports, full in days:
        print(f"{day:>4}{free:>8}{largest:>15}{most or '':>16}{reports:>9}{full:>13}")
    print()
    print(f"{'board':20}{'static memory of the sniffer':>30}")
    for board in sorted(path.parent for path in (ROOT / "boards").glob("*/sniffer.h")):
        print(f"{board.name:20}{static_bytes(board):>24} bytes")
    free_after_a_day, free_at_the_end = days[1][1], days[-1][1]
    grown = free_after_a_day - free_at_the_end
    print(f"\nheap {HEAP_BYTES} bytes; growth from the first midnight to the last: {max(grown, 0)} bytes")
    return 1 if grown > GROWTH_ALLOWED_BYTES else 0


def week(addresses: int, day_count: int) -> list[list[int]]:
    """Return [day, free, largest, most in use, reports, reports with a full table] of each midnight."""
    image = qemu.build(HEAP_BYTES, frozen.closure(["memory_week"], [PATH, ROOT / "bench"]))
    program = (
        f"import memory_week\nmemory_week.week({day_count}, {addresses}, {BUSY_S}, {FLASH_AT}, {FLASH_SIZE})"
    )
    printed = qemu.execute(image, program, TIMEOUT_S)
    return [[int(word) for word in line.split()] for line in printed.splitlines() if line]


def static_bytes(board: Path) -> int:
    """Return data + bss of the sniffer's C, compiled for RV32 with the board's tables."""
    with tempfile.TemporaryDirectory() as folder:
        total = 0
        for name in SOURCES:
            made = Path(folder) / f"{name}.o"
            command = [*COMPILE, "-include", str(board / "sniffer.h"), str(SNIFFER / name), "-o", str(made)]
            subprocess.run(command, check=True)
            said = subprocess.run(
                ["riscv64-unknown-elf-size", made], capture_output=True, text=True, check=True
            )
            _text, data, bss, *_ = said.stdout.splitlines()[1].split()
            total += int(data) + int(bss)
    return total


if __name__ == "__main__":
    sys.exit(main())
