"""Make or renew the virtual environment .venv from the lock files, only when they changed.

    python -m torgpuls.simulator.toolchain.environment run|dev

Runs on a bare Python (nothing but the standard library), because it comes before all else.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from . import packages

LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}


def repository() -> Path:
    """Return the folder that holds pyproject.toml; this file is reached through build/path."""
    return Path(__file__).resolve().parents[2]


def ensure(purpose: str) -> None:
    """Bring .venv to what `purpose` ("run" or "dev") needs; "dev" includes "run".

    A stamp inside .venv says from which locks it was made, so a second call is instant and
    needs no network. Raises packages.SetUpError.
    """
    root = repository()
    venv = root / ".venv"
    stamp = venv / "torgpuls-stamp.json"
    made_of = _read_stamp(stamp)
    wanted = {name: _key(root, LOCKS[name]) for name in LOCKS}
    if made_of.get("dev") == wanted["dev"] or made_of.get(purpose) == wanted[purpose]:
        return
    _create(venv)
    stamp.unlink(missing_ok=True)
    print(f"set-up: installing {LOCKS[purpose]} into .venv", file=sys.stderr, flush=True)
    _pip(venv, "--require-hashes", "-r", str(root / LOCKS[purpose]))
    _pip(venv, "--no-deps", "--no-build-isolation", "-e", str(root))
    stamp.write_text(json.dumps({purpose: wanted[purpose]}))


def _key(root: Path, lock: str) -> str:
    """Hash what the environment is made from: locks, project, interpreter and its own place.

    Not sys.version: installing Debian's -venv may bring a rebuilt Python of the same version.
    """
    digest = hashlib.sha256(f"{root} {sys.base_prefix} {sys.version_info}".encode())
    for name in ("requirements.lock", lock, "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _read_stamp(stamp: Path) -> dict[str, str]:
    try:
        return dict(json.loads(stamp.read_text()))
    except (OSError, ValueError):
        return {}


def _create(venv: Path) -> None:
    """Make the bare environment, anew when it was made elsewhere or its Python is gone."""
    python = venv / "bin" / "python"
    if python.exists():
        asked = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True)
        if asked.returncode == 0 and str(venv) in asked.stdout:
            return
    if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it in a package of its own
        packages.ensure([f"python3.{sys.version_info.minor}-venv"])
    shutil.rmtree(venv, ignore_errors=True)
    _run("python -m venv", [sys.executable, "-m", "venv", str(venv)])


def _pip(venv: Path, *arguments: str) -> None:
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run("pip install", [*pip, *arguments])


def _run(name: str, command: list[str]) -> None:
    if subprocess.run(command).returncode != 0:
        raise packages.SetUpError(f"{name} failed (see above); is the package index within reach?")


if __name__ == "__main__":
    try:
        ensure(sys.argv[1])
    except packages.SetUpError as error:
        sys.exit(f"set-up: {error}")
