"""Where CI is set, a skipped test fails, whichever way it was skipped (tests/conftest.py)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WAYS = {
    "mark": "import pytest\n@pytest.mark.skip(reason='no luck')\ndef test_it(): pass\n",
    "call": "import pytest\ndef test_it(): pytest.skip('no luck')\n",
    "fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('no luck')\ndef test_it(it): pass\n",
    "module": "import pytest\npytest.skip('no luck', allow_module_level=True)\n",
    "expected_failure": "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n",
}


@pytest.fixture
def run(tmp_path):
    """run(CI's value or None): the output of pytest on one file per way to skip."""
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    for way, text in WAYS.items():
        (tmp_path / f"test_by_{way}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"]
    command += ["--continue-on-collection-errors", "--rootdir", str(tmp_path), str(tmp_path)]

    def run_it(ci):
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment.update({"CI": ci} if ci else {})
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    return run_it


def test_every_skip_fails_in_ci_and_keeps_its_reason(run):
    said = run("true")
    failed = re.findall(r"^(?:FAILED|ERROR) test_by_(\w+)", said, re.MULTILINE)
    assert sorted(failed) == ["call", "fixture", "mark", "module"]
    assert said.count("skipped, and CI is set, where nothing may be") >= 4 and "no luck" in said
    assert "1 xfailed" in said


def test_a_skip_is_only_a_skip_elsewhere(run):
    assert "4 skipped, 1 xfailed" in run(None)
