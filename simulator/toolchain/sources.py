"""MicroPython's and mbedTLS's source from Debian, fetched once, verified by apt's keyring."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from . import cache
from .packages import SetUpError

SUITE = "trixie"
WANTED = {"micropython": "1.25.", "mbedtls": "3.6."}  # Debian source package: how its version begins
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def tarballs() -> Path:
    """Return the folder that holds the upstream and Debian tarballs, fetching them at most once."""
    return cache.made("sources", cache.key([SUITE, *WANTED, *WANTED.values()]), _fetch)


def unpack(into: Path) -> None:
    """Lay out MicroPython's tree in the empty folder `into`, lib/mbedtls replaced by mbedTLS.

    None of Debian's patches is applied: the firmware that is flashed has none either.
    """
    folder = tarballs()
    _extract(_one(folder, "micropython_*.orig.tar.*"), into, strip=1)
    _extract(_one(folder, "micropython_*.debian.tar.*"), into, strip=0)
    mbedtls = into / "lib" / "mbedtls"
    shutil.rmtree(mbedtls, ignore_errors=True)
    mbedtls.mkdir(parents=True)
    _extract(_one(folder, "mbedtls_*.orig.tar.*"), mbedtls, strip=1)


def _fetch(folder: Path) -> None:
    """Let apt download and verify the source packages, with lists of its own beside the machine's."""
    apt = folder / "apt"
    (apt / "lists" / "partial").mkdir(parents=True)
    (apt / "cache" / "archives" / "partial").mkdir(parents=True)
    source_list = apt / "sources.list"
    source_list.write_text(f"deb-src [signed-by={KEYRING}] {_mirror()} {SUITE} main\n")
    options = [
        *("-o", f"Dir::Etc::sourcelist={source_list}", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={apt / 'lists'}", "-o", f"Dir::Cache={apt / 'cache'}"),
        *("-o", "APT::Sandbox::User=root"),
    ]
    for step in (["update"], ["source", "--download-only", *WANTED]):
        command = ["apt-get", "-qq", *options, *step]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SetUpError(f"apt-get {step[0]} for Debian's sources failed: {done.stderr.strip()}")
    shutil.rmtree(apt)
    for name, version in WANTED.items():
        if not list(folder.glob(f"{name}_{version}*.orig.tar.*")):
            raise SetUpError(
                f"Debian {SUITE} no longer has {name} {version}*: see simulator/toolchain/sources.py"
            )


def _mirror() -> str:
    """Return the Debian mirror that this machine uses already."""
    for file in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        text = file.read_text()
        found = re.search(r"^URIs:\s*(\S+/debian/?)\s*$", text, re.MULTILINE)
        if found:
            return found[1]
    plain = Path("/etc/apt/sources.list")
    if plain.exists():
        found = re.search(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)", plain.read_text(), re.MULTILINE)
        if found:
            return found[1]
    raise SetUpError("no Debian mirror found in /etc/apt: MicroPython's source comes from one")


def _one(folder: Path, pattern: str) -> Path:
    (found,) = (path for path in folder.glob(pattern) if not path.name.endswith(".asc"))
    return found


def _extract(tarball: Path, into: Path, strip: int) -> None:
    """Unpack `tarball` into `into` without its first `strip` folders."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            parts = Path(member.name).parts[strip:]
            if parts:
                member.name = str(Path(*parts))
                if member.islnk():
                    member.linkname = str(Path(*Path(member.linkname).parts[strip:]))
                archive.extract(member, into)
