"""Debian packages that set-up needs: found when present, installed when missing, never silently."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from torgpuls.firmware.node.errors import PersonError

# package: what shows that it is there, a command's name or a file (a pattern). "a|b" is the first of
# them that this Debian has: Debian 12's plain cargo is too old for today's registry.
PRESENT_WHEN = {
    "build-essential": "cc",
    "cargo-web|cargo": "cargo",
    "chromium": "chromium",
    "clang": "clang",
    "cmake": "cmake",
    "curl": "curl",
    "gcc-riscv64-unknown-elf": "riscv64-unknown-elf-gcc",
    "git": "git",
    "libclang-rt-dev": "/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer*.a",
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
    if sign.startswith("/"):
        return any(Path("/").glob(sign.removeprefix("/")))
    return shutil.which(sign) is not None


def ensure(names: list[str]) -> None:
    """Install what is missing of `names` by apt-get, saying so.

    Does nothing, and needs no network, when all are there. Raises SetUpError when this user
    may not install packages, or when apt-get fails.
    """
    wanted = missing(names)
    if not wanted:
        return
    listed = " ".join(name.partition("|")[0] for name in wanted)
    by_hand = f"please run: apt-get install {listed}"
    become_root: list[str] = [] if os.geteuid() == 0 else ["sudo"]
    if shutil.which("apt-get") is None:
        raise SetUpError(f"these Debian packages (or their like) are missing: {listed}")
    if become_root and shutil.which("sudo") is None:
        raise SetUpError(f"packages are missing, and neither root nor sudo is at hand; {by_hand}")
    print(f"set-up: installing Debian packages: {listed}", file=sys.stderr, flush=True)
    install = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
    _run([*install, "update"], by_hand)
    _run([*install, "install", "--no-install-recommends", *map(_offered, wanted)], by_hand)


def _offered(names: str) -> str:
    """Return the first of "a|b" that apt can install, the last where it can install none."""
    *others, last = names.split("|")
    for name in others:
        if subprocess.run(["apt-cache", "show", name], capture_output=True).returncode == 0:
            return name
    return last


def _run(command: list[str], by_hand: str) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SetUpError(f"apt-get failed with code {done.returncode}; {by_hand}")


if __name__ == "__main__":
    try:
        ensure(list(PRESENT_WHEN))
    except SetUpError as error:
        sys.exit(f"set-up: {error}")
