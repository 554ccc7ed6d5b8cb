"""A wheel built from the repository is complete: what runs here runs where it is installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("firmware", "host_tools", "provisioning", "simulator", "boards")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built offline from what is installed already."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, ROOT], check=True)
    (built,) = folder.glob("torgpuls-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder with the wheel's content, as site-packages would have it."""
    folder = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_nothing_lands_beside_the_one_package(installed):
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"torgpuls"}


def files(folder: Path) -> set:
    """Return the files below `folder`, relative to the folder that holds it."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder.parent) for path in found}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_every_package_is_installed(package, installed):
    assert files(ROOT / package) == files(installed / "torgpuls" / package)


def run_installed(installed: Path, code: str) -> str:
    """Run `code` where only the wheel is importable, not this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", f"import sys; sys.path.remove({str(ROOT / 'build' / 'path')!r})\n{code}"]
    done = subprocess.run(command, env=environment, cwd=installed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_starts_where_it_is_installed(installed):
    code = "import sys; sys.argv = ['torgpuls', '--help']\nfrom torgpuls.host_tools.cli import main\nmain()"
    assert "Usage: torgpuls" in run_installed(installed, code)


def test_the_sniffer_compiles_where_it_is_installed(installed):
    code = "from torgpuls.simulator import sniffer_library as s\nprint(s.FOLDER, s.build())"
    folder, library = run_installed(installed, code).split()
    assert folder.startswith(str(installed)) and library.endswith(".so")
