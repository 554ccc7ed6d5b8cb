"""C files of the project become a shared library in the cache, opened with cffi by their own header."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cffi
from torgpuls.firmware.node.errors import PersonError

from .toolchain import cache


def shared_library(name: str, sources: Sequence[Path], headers: Sequence[Path], flags: Sequence[str]) -> Path:
    """Return the path of lib<name>.so, compiled from `sources` unless the cache has it.

    `headers` are only looked at to know when they change. Raises PersonError when no C
    compiler is installed; a compiler error is our bug and shows the compiler's text.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise PersonError("no C compiler found: install one (Debian, Ubuntu: apt install build-essential)")

    def make(folder: Path) -> None:
        command = [compiler, *flags, *map(str, sources), "-o", str(folder / f"lib{name}.so")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name} does not compile:\n{done.stderr}")

    made_of = cache.key([compiler, *flags], [*sources, *headers])
    return cache.made(name, made_of, make) / f"lib{name}.so"


def declarations(header: Path) -> cffi.FFI:
    """Return what a header declares: there is no second copy of it. Plain numbers in #define count."""
    text = re.sub(r"^#(?!define \w+ \d+$).*$", "", header.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ffi = cffi.FFI()
    ffi.cdef(text)
    return ffi


def constants(library: Any, prefix: str) -> dict[str, int]:
    """Return the enumerators and numbers of a loaded library's header that start with `prefix`,
    by name without it."""
    names = (name for name in dir(library) if name.startswith(prefix))
    return {name.removeprefix(prefix): getattr(library, name) for name in names}
