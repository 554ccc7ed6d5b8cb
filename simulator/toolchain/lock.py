"""Renew the lock files from pyproject.toml: versions and hashes, no addresses.

    python -m torgpuls.simulator.toolchain.lock

Needs the network. Works in a throw-away environment under build/, on a bare Python.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPILER = "uv==0.9.30"
BACKEND = "hatchling>=1.27"  # installs Torgpuls itself, without a download of its own (environment.py)


def main() -> None:
    """Write requirements.lock (run) and requirements-dev.lock (run and dev, the same versions)."""
    venv = ROOT / "build" / "lock"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "--quiet", COMPILER], check=True)
    _compile(venv, "-o", "requirements.lock")
    _compile(venv, "--extra", "dev", "-c", "requirements.lock", "-o", "requirements-dev.lock")


def _compile(venv: Path, *arguments: str) -> None:
    options = ["--quiet", "--upgrade", "--universal", "--python-version", "3.11", "--generate-hashes"]
    options += ["--no-annotate", "--no-header", "--no-config"]
    command = [str(venv / "bin" / "uv"), "pip", "compile", *options, "pyproject.toml", "-", *arguments]
    subprocess.run(command, cwd=ROOT, input=BACKEND, text=True, check=True)


if __name__ == "__main__":
    main()
