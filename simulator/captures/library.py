"""The converter's C files, compiled once per change and opened with cffi."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import cffi

from ..c_library import shared_library

FOLDER = Path(__file__).parent
FLAGS = ("-std=c11", "-O2", "-fPIC", "-shared")


@functools.cache
def interface() -> cffi.FFI:
    """Return the declarations of captures.h: there is no second copy of them."""
    text = (FOLDER / "captures.h").read_text(encoding="utf-8")
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    ffi = cffi.FFI()
    ffi.cdef(text)
    return ffi


@functools.cache
def library() -> Any:
    """Return the loaded library. Raises PersonError when there is no C compiler."""
    sources = sorted(FOLDER.glob("*.c"))
    headers = sorted(FOLDER.glob("*.h"))
    return interface().dlopen(str(shared_library("captures", sources, headers, FLAGS)))


def constants(prefix: str) -> dict[str, int]:
    """Return the enumerators of captures.h that start with `prefix`, in lower case without it."""
    names = dir(library())
    return {
        name[len(prefix) :].lower(): getattr(library(), name) for name in names if name.startswith(prefix)
    }
