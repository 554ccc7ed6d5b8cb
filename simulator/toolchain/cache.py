"""Things that take long to make, kept under ~/.cache/torgpuls by what they were made from."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

KEPT_PER_NAME = 6  # several checkouts may take turns; more is only disk


def home() -> Path:
    """Return the cache's folder ($XDG_CACHE_HOME is honoured), which need not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torgpuls"


def key(texts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return 16 hex digits over `texts` and the names and contents of `files`, order and all."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(b"text\0" + text.encode() + b"\0")
    for file in files:
        content = file.read_bytes()
        digest.update(f"file\0{file.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def entry(name: str, made_of: str) -> Path:
    """Return the folder where `name` made of `made_of` (a key) is, or would be once it is made."""
    return home() / f"{name}-{made_of}"


def made(name: str, made_of: str, make: Callable[[Path], None]) -> Path:
    """Return the entry, calling `make(empty folder)` first when it is not there.

    The entry appears all at once or not at all; of two processes that want it, one makes it.
    """
    place = entry(name, made_of)
    if place.is_dir():
        with contextlib.suppress(OSError):  # another user's, or on a read-only disk
            os.utime(place)
        return place
    with locked(name):
        if place.is_dir():
            return place
        for left_over in home().glob(f".{name}-*.partial"):  # of a process that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{name}-", suffix=".partial", dir=home()))
        try:
            make(partial)
            partial.chmod(0o755)
            partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        _forget_the_oldest(name)
    return place


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Be the only process that works on `name`; the lock dies with its holder."""
    home().mkdir(parents=True, exist_ok=True)
    with open(home() / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_the_oldest(name: str) -> None:
    digits = "[0-9a-f]" * 16
    by_age = sorted(home().glob(f"{name}-{digits}"), key=lambda place: place.stat().st_mtime)
    for place in by_age[:-KEPT_PER_NAME]:
        shutil.rmtree(place, ignore_errors=True)
