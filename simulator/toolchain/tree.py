"""One tree of MicroPython's source and objects per version, in which only what changed is compiled."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import cache, packages, sources

_UNUSED = ("docs", "tests", "debian", "examples", "logo", "lib/mbedtls/tests", "lib/mbedtls/programs")
_PORTS = ("unix", "qemu")


def folder() -> Path:
    """Return the tree with mpy-cross built in it, making it on the first call."""
    version = cache.key([sources.SUITE, *sources.WANTED.values(), *_UNUSED, *_PORTS])
    return cache.made("micropython-tree", version, _make)


def _make(tree: Path) -> None:
    packages.ensure(["build-essential", "pkg-config"])
    sources.unpack(tree)
    ports = (port for port in (tree / "ports").iterdir() if port.name not in _PORTS)
    for unused in (*(tree / name for name in _UNUSED), *ports):
        shutil.rmtree(unused, ignore_errors=True)
    run_make(tree / "mpy-cross", [])


def c_modules(firmware: Path) -> dict[str, list[Path]]:
    """Return the C modules in `firmware`, the folders with a micropython.mk: {name: its files}."""
    found = sorted(firmware.glob("*/micropython.mk"))
    return {mk.parent.name: sorted(path for path in mk.parent.iterdir() if path.is_file()) for mk in found}


def compile_port(port: str, variables: Iterable[str], modules: dict[str, list[Path]]) -> Path:
    """Run make in ports/<port> and return its build folder; the caller holds cache.locked(port).

    modules: as c_modules() returns them; they are copied into the tree, so that no path of a
    checkout is compiled in and checkouts take turns without confusing make.
    Python modules in ports/<port>/frozen are frozen into the image, where that folder exists.
    """
    here = folder() / "ports" / port
    build = here / "build-torgpuls"
    unfinished = here / "unfinished"  # a killed compiler may leave half an object behind
    if unfinished.exists():
        shutil.rmtree(build, ignore_errors=True)
    unfinished.touch()
    copies = here / "c_modules"
    mirror({f"{name}/{file.name}": file for name, files in modules.items() for file in files}, copies)
    (here / "manifest.py").write_text('freeze("$(PORT_DIR)/frozen")\n')
    manifest = here / "manifest.py" if (here / "frozen").exists() else ""
    # Debian leaves micropython-lib out; make only wants to see a README.md where it would be.
    places = [f"BUILD={build.name}", f"USER_C_MODULES={copies}", f"MPY_LIB_DIR={folder()}"]
    try:
        run_make(here, [*variables, *places, f"FROZEN_MANIFEST={manifest}"])
    except packages.SetUpError:  # make said what is wrong, and cleaned up
        unfinished.unlink()
        raise
    unfinished.unlink()
    return build


def mirror(wanted: Mapping[str, Path], into: Path) -> None:
    """Make `into` hold exactly `wanted` ({relative name: file}); files that are alike keep their time."""
    into.mkdir(exist_ok=True)
    for present in sorted(into.rglob("*"), reverse=True):
        if present.is_file() and str(present.relative_to(into)) not in wanted:
            present.unlink()
        elif present.is_dir() and not any(present.iterdir()):
            present.rmdir()
    for name, file in wanted.items():
        copy, content = into / name, file.read_bytes()
        if not copy.exists() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


def run_make(where: Path, arguments: list[str]) -> None:
    """Run make quietly; raises packages.SetUpError with the compiler's last lines."""
    jobs = str(os.cpu_count() or 1)
    clean = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    done = subprocess.run(
        ["make", "-C", str(where), "-j", jobs, *arguments], env=clean, capture_output=True, text=True
    )
    if done.returncode != 0:
        errors = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-12:]
        raise packages.SetUpError(f"make in {where} failed:\n" + "\n".join(errors))
