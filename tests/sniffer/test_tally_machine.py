"""tally.c as a program: free of undefined behaviour on any sightings, and within its cost on the target."""

import runpy
import subprocess
from pathlib import Path

import pytest
from sniffer import c_programs
from torgpuls.simulator.toolchain import packages, qemu

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS_MAX = {"-O2": 700, "-Os": 750}  # firmware is built with -O2


def test_any_sightings_are_counted_without_undefined_behaviour():
    program = c_programs.compiled("tally_fuzz", ("tally_fuzz.c",), ("tally.c",), *c_programs.MEMORY_CHECKS)
    c_programs.run(program, "600000")


@pytest.mark.parametrize("optimised", INSTRUCTIONS_MAX)
def test_the_dearest_sighting_stays_within_its_instructions(optimised, tmp_path):
    packages.ensure(qemu.NEEDS)
    cost = runpy.run_path(str(ROOT / "bench" / "cost.py"))
    flags = [optimised if flag == "-O2" else flag for flag in cost["FLAGS"]]
    sources = [c_programs.HERE / "tally_cost.c", c_programs.SNIFFER / "tally.c"]
    program = tmp_path / "tally_cost.elf"
    compiler = [
        "riscv64-unknown-elf-gcc",
        *flags,
        *cost["WARNINGS"],
        *cost["LINK"],
        f"-I{c_programs.SNIFFER}",
    ]
    subprocess.run([*compiler, *map(str, sources), "-o", str(program)], check=True)
    counter = ["-icount", "shift=0", "-serial", "none", "-semihosting-config", "enable=on,target=native"]
    run = subprocess.run(
        [*qemu.MACHINE, *counter, "-kernel", str(program)], capture_output=True, text=True, timeout=60
    )
    instructions = dict(line.split() for line in (run.stdout + run.stderr).splitlines())
    assert set(instructions) == {"last-of-its-set", "new-in-full-set", "new-among-persistent"}
    assert max(map(int, instructions.values())) <= INSTRUCTIONS_MAX[optimised], instructions
