"""What holds for every file of the repository: short, at its place, and at home on any machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES_MAX = 400
TOP_LEVEL = {
    *("firmware", "host_tools", "provisioning", "simulator", "boards", "tests", "docs", "bench", ".ci"),
    *("README.md", "Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "LICENSE"),
    *(".gitignore", ".clang-format"),
}
GENERATED = {".lock"}  # endings of files that nobody writes or reads line by line
WORDS = {  # what must not be named; written apart here, so that this file passes its own test
    "a package registry's host": r"pypi[.]org|pythonhosted[.]org|npmjs[.](org|com)|crates[.]io"
    r"|golang[.]org/|debian[.]org",
    "a path of one machine": r"(?<![\w.~}])/(root|home|work|Users)/",
    "an unfinished place": r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b",
}


def files() -> list[Path]:
    """Return the repository's files, tracked or about to be, as git sees them."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in GENERATED]


def texts() -> list[tuple[Path, str]]:
    return [(path.relative_to(ROOT), path.read_bytes().decode(errors="replace")) for path in files()]


def test_no_file_is_longer_than_400_lines():
    too_long = {str(path): text.count("\n") for path, text in texts() if text.count("\n") > LINES_MAX}
    assert too_long == {}


@pytest.mark.parametrize("what", WORDS)
def test_nothing_names(what):
    pattern = re.compile(WORDS[what])
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        if path != Path(__file__).relative_to(ROOT)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_the_top_level_is_what_the_design_says():
    assert {path.relative_to(ROOT).parts[0] for path in files()} <= TOP_LEVEL


def test_every_package_says_what_it_is_for():
    for package in ("firmware", "host_tools", "provisioning", "simulator"):
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            first = folder / "__init__.py"
            assert first.exists() and ast.get_docstring(ast.parse(first.read_text())), first


def test_locks_hold_hashes_and_no_addresses():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pinned = re.findall(r"^[a-z][\w.-]*==\S+", text, re.MULTILINE)
        assert pinned and text.count("--hash=sha256:") >= len(pinned)
        assert "://" not in text
