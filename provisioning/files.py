"""Files of a site that survive a power cut: whole and new, or whole and old, never half."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Replace `path` by `content`, on disk when this returns; a reader sees the old or the new."""
    temporary = _write_beside(path, content, mode)
    try:
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        error.filename = str(path)
        raise
    _sync_folder(path.parent)


def write_once(path: Path, content: bytes, mode: int) -> bool:
    """Make `path` with `content` unless it exists; return whether it was made here.

    Of two at the same time one wins and the other gets False; nobody sees a part.
    """
    temporary = _write_beside(path, content, mode)
    try:
        os.link(temporary, path)  # unlike rename, it fails when the name is taken
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    _sync_folder(path.parent)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` (made when missing) until the block ends; others wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_beside(path: Path, content: bytes, mode: int) -> str:
    # mkstemp makes it 0600: nobody may read a secret for even a moment.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:  # Ctrl-C too: what is half there may be a secret
        os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename = str(path)  # a full disk does not say which file
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
