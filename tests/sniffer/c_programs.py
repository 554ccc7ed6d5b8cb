"""C test programs of this folder, compiled with the sniffer's files, warnings as errors."""

import functools
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SNIFFER = HERE.parents[1] / "firmware" / "sniffer"
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror")
PORTABLE = ("frame.c", "siphash.c", "ring.c", "tally.c", "sniffer.c")
MEMORY_CHECKS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREAD_CHECKS = ("-g", "-O1", "-fsanitize=thread", "-pthread")


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="torgpuls-tests-")


@functools.cache
def compiled(output: str, own: tuple[str, ...], sniffer: tuple[str, ...], *flags: str) -> Path:
    """Return `output` (a program, or a shared library with -shared), compiled once per run.

    own: C files of this folder; sniffer: of firmware/sniffer; flags beside the warnings.
    """
    path = Path(_folder().name) / output
    sources = [*(str(HERE / name) for name in own), *(str(SNIFFER / name) for name in sniffer)]
    subprocess.run(["cc", *WARNINGS, *flags, f"-I{SNIFFER}", *sources, "-o", str(path)], check=True)
    return path


def run(program: Path, *arguments: str, timeout_s: float = 300) -> str:
    """Run `program`; return what it printed. A failed check or a sanitizer's finding is an AssertionError."""
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, f"{program.name} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
