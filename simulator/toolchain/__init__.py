"""The machines that the node is tried on beside CPython: three builds of MicroPython."""

from pathlib import Path


def micropython_binary() -> Path | None:
    """Return MicroPython for this machine built from the present sources, None when it is not built.

    `python -m torgpuls.simulator.toolchain unix` builds it.
    """
    from . import unix

    binary = unix.place()
    return binary if binary.exists() else None
