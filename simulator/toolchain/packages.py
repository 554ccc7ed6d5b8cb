"""Debian packages that set-up needs: found when present, installed when missing, never silently."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from torgpuls.firmware.node.errors import PersonError

# package: what shows that it is there, a command's name or a file.
PRESENT_WHEN = {
    "build-essential": "cc",
    "cargo": "cargo",
    "chromium": "chromium",
    "clang": "clang",
    "gcc-riscv64-unknown-elf": "riscv64-unknown-elf-gcc",
    "git": "git",
    "nodejs": "node",
    "npm": "npm",
    "picolibc-riscv64-unknown-elf": "/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs",
    "pkg-config": "pkg-config",
    "qemu-system-misc": "qemu-system-riscv32",
}


class SetUpError(PersonError):
    """Set-up cannot go on; the text says what a person can do about it."""


def missing(names: list[str]) -> list[str]:
    """Return those of `names` (keys of PRESENT_WHEN, or plain Debian packages) to be installed."""
    return [name for name in names if not _is_present(PRESENT_WHEN.get(name, name))]


def _is_present(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign) is not None


def ensure(names: list[str]) -> None:
    """Install what is missing of `names` by apt-get, saying so.

    Does nothing, and needs no network, when all are there. Raises SetUpError when this user
    may not install packages, or when apt-get fails.
    """
    wanted = missing(names)
    if not wanted:
        return
    listed = " ".join(wanted)
    by_hand = f"please run: apt-get install {listed}"
    become_root: list[str] = [] if os.geteuid() == 0 else ["sudo"]
    if shutil.which("apt-get") is None:
        raise SetUpError(f"these Debian packages (or their like) are missing: {listed}")
    if become_root and shutil.which("sudo") is None:
        raise SetUpError(f"packages are missing, and neither root nor sudo is at hand; {by_hand}")
    print(f"set-up: installing Debian packages: {listed}", file=sys.stderr, flush=True)
    install = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
    for step in (["update"], ["install", "--no-install-recommends", *wanted]):
        done = subprocess.run([*install, *step], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SetUpError(f"apt-get {step[0]} failed with code {done.returncode}; {by_hand}")


if __name__ == "__main__":
    try:
        ensure(list(PRESENT_WHEN))
    except SetUpError as error:
        sys.exit(f"set-up: {error}")
