"""A newer MicroPython as WebAssembly for Node.js: pure Python, no C module, no sockets."""

import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path

from . import cache, packages

PACKAGE = "@micropython/micropython-webassembly-pyscript@1.27.0"
SHA512 = "DnXx4EqxgkeaFESrS3uKrL7mLMk4mRTd0mMzaOd3HUSiZUOAE7t11uLnjf3ftF87N2xm4knHnWEKcVK4IYIUDA=="


def place() -> Path:
    """Return where the loader module for Node.js is, or would be."""
    return cache.entry("micropython-wasm", cache.key([PACKAGE, SHA512])) / "micropython.mjs"


def build() -> Path:
    """Return the loader module, fetching it first where it is not there."""
    packages.ensure(["nodejs"])
    cache.made("micropython-wasm", cache.key([PACKAGE, SHA512]), _fetch)
    return place()


def _fetch(folder: Path) -> None:
    packages.ensure(["npm"])
    command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise packages.SetUpError(f"npm pack {PACKAGE} failed: {done.stderr.strip()}")
    (tarball,) = folder.glob("*.tgz")
    if base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode() != SHA512:
        raise packages.SetUpError(
            f"{PACKAGE} is not what it was: its SHA-512 differs from simulator/toolchain/wasm.py"
        )
    with tarfile.open(tarball) as archive:
        for name in ("micropython.mjs", "micropython.wasm"):
            content = archive.extractfile(f"package/{name}")
            assert content is not None, name
            (folder / name).write_bytes(content.read())
    tarball.unlink()
