"""The converter's C files, compiled once per change and opened with cffi."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import cffi

from .. import c_library

FOLDER = Path(__file__).parent
FLAGS = ("-std=c11", "-O2", "-fPIC", "-shared")


@functools.cache
def interface() -> cffi.FFI:
    """Return the declarations of captures.h."""
    return c_library.declarations(FOLDER / "captures.h")


@functools.cache
def library() -> Any:
    """Return the loaded library. Raises PersonError when there is no C compiler."""
    sources = sorted(FOLDER.glob("*.c"))
    headers = sorted(FOLDER.glob("*.h"))
    return interface().dlopen(str(c_library.shared_library("captures", sources, headers, FLAGS)))


def constants(prefix: str) -> dict[str, int]:
    """Return the enumerators of captures.h that start with `prefix`, in lower case without it."""
    found = c_library.constants(library(), prefix)
    return {name.lower(): number for name, number in found.items()}
