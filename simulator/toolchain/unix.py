"""MicroPython for this machine, with the node's own C module and TLS."""

import shutil
from pathlib import Path

from . import cache, tree
from .sources import SUITE, WANTED

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
VARIABLES = [
    "VARIANT=standard",
    "MICROPY_SSL_MBEDTLS=1",
    "MICROPY_PY_BTREE=0",
    "MICROPY_STANDALONE=0",
    "MICROPY_PY_FFI=0",
]


def place() -> Path:
    """Return where the interpreter built from the present sources is, or would be."""
    modules = tree.c_modules(FIRMWARE)
    files = [file for name in modules for file in modules[name]]
    made_of = cache.key([SUITE, *WANTED.values(), *VARIABLES, *modules], files)
    return cache.entry("micropython-unix", made_of) / "micropython"


def build() -> Path:
    """Return the interpreter, compiling it first where the sources changed."""
    binary = place()
    made_of = binary.parent.name.rpartition("-")[2]
    cache.made("micropython-unix", made_of, _compile)
    return binary


def _compile(folder: Path) -> None:
    built = tree.compile_port("unix", VARIABLES, tree.c_modules(FIRMWARE))
    shutil.copy2(built / "micropython", folder / "micropython")
