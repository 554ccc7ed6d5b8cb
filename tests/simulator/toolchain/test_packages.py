import pytest
from torgpuls.simulator.toolchain import packages

FAKE_APT = """#!/bin/sh
echo "$@" >> {log}
[ "$1" = show ] && [ "$2" = absent-new ] && exit 100
exit {code}
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """machine(user, commands, apt's exit code): a PATH with only these fake commands; returns apt's log."""
    log = tmp_path / "log"
    log.touch()

    def be(user_id, commands, code=0):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in commands:
            (folder / name).write_text(FAKE_APT.format(log=log, code=code))
            (folder / name).chmod(0o755)
        (folder / "env").symlink_to("/usr/bin/env")
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(packages.os, "geteuid", lambda: user_id)
        return log

    return be


def test_nothing_is_run_when_nothing_is_missing(machine):
    log = machine(0, ["apt-get", "cc"])
    packages.ensure(["build-essential"])
    assert log.read_text() == ""


def test_what_is_missing_is_installed_and_said(machine, capfd):
    log = machine(0, ["apt-get", "apt-cache", "cc"])
    packages.ensure(["build-essential", "absent-package"])
    assert "installing Debian packages: absent-package\n" in capfd.readouterr().err
    assert log.read_text().splitlines()[-1].endswith("install --no-install-recommends absent-package")


def test_an_older_name_is_taken_where_the_newer_is_not_offered(machine):
    log = machine(0, ["apt-get", "apt-cache"])
    packages.ensure(["absent-new|absent-old"])
    assert log.read_text().splitlines()[-1].endswith(" absent-old")


def test_one_line_names_the_packages_where_nobody_may_install(machine):
    machine(1000, ["apt-get"])
    with pytest.raises(packages.SetUpError) as refused:
        packages.ensure(["absent-package"])
    assert "apt-get install absent-package" in str(refused.value) and "\n" not in str(refused.value)


def test_one_line_names_the_packages_on_another_system(machine):
    machine(0, [])
    with pytest.raises(packages.SetUpError, match="missing: absent-package$"):
        packages.ensure(["absent-package"])


def test_a_failing_installation_says_what_to_run_by_hand(machine):
    machine(0, ["apt-get", "apt-cache"], code=100)
    with pytest.raises(packages.SetUpError, match="code 100; please run: apt-get install absent-package"):
        packages.ensure(["absent-package"])
