"""The fuzz run of fuzz_frames.c: its seeds, and one call that runs it under the sanitizers."""

import csv
import gzip
import struct
import tempfile
from pathlib import Path

from sniffer import c_programs
from sniffer.frames import BODY, element, outcome_names, probe

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def bodies() -> list[bytes]:
    """Return real frame bodies where the captures are, and made-up ones of every kind anyway."""
    made_up = [
        BODY,
        b"",
        element(0, b"home") + element(221, bytes.fromhex("0050f204104a")),
        element(255, b"\x02\0"),
    ]
    for name in ("labelled", "turin", "brno"):
        path = DATA / name / "ie_dict.csv.gz"
        if path.exists():
            with gzip.open(path, "rt", newline="") as file:
                made_up += [bytes.fromhex(row["hex"]) for row in csv.DictReader(file)][:1000]
    return made_up


def run(frames: int, seed: int) -> dict[str, int]:
    """Read `frames` mutated frames; return how many had which outcome. Raises AssertionError on a finding."""
    flags = (*c_programs.MEMORY_CHECKS, "-O2", "-Wno-sign-conversion", "-DSNIFFER_RING=256")
    sources = (*c_programs.PORTABLE, "port_fed.c")
    program = c_programs.compiled("fuzz_frames", ("fuzz_frames.c",), sources, *flags)
    with tempfile.NamedTemporaryFile() as seeds:
        for frame in map(probe, bodies()):
            seeds.write(struct.pack("<H", len(frame)) + frame)
        seeds.flush()
        printed = c_programs.run(program, seeds.name, str(frames), str(seed), timeout_s=3600)
    return dict(zip(outcome_names(), map(int, printed.split()), strict=True))
