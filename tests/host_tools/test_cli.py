"""The `torgpuls` command: quick to start, and every error one line."""

import os
import signal
import subprocess
import sys

import click
import pytest
from torgpuls.host_tools import cli
from torgpuls.host_tools.errors import UserError

TORGPULS = [sys.executable, "-m", "torgpuls.host_tools.cli"]
HEAVY = ("uvicorn", "starlette", "numpy", "pandas", "cffi", "cryptography", "rich", "sqlite3", "asyncio")


def test_help_names_every_command_file_and_imports_none():
    program = (
        "import sys; from torgpuls.host_tools import cli; code = cli.run(['--help']);"
        f"print('IMPORTED', [name for name in {HEAVY} if name in sys.modules]); sys.exit(code)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "IMPORTED []" in result.stdout
    for file in cli.COMMANDS_FOLDER.glob("[a-z]*.py"):
        assert f"\n  {file.stem.replace('_', '-')} " in result.stdout


@pytest.mark.parametrize("command", sorted(f.stem for f in cli.COMMANDS_FOLDER.glob("[a-z]*.py")))
def test_each_command_explains_itself(command, capsys):
    assert cli.run([command.replace("_", "-"), "--help"]) == 0
    help_text = capsys.readouterr().out
    assert help_text.startswith(f"Usage: torgpuls {command.replace('_', '-')}")
    assert len(help_text.splitlines()) > 5


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no-such"], "torgpuls: No such command 'no-such'. See: torgpuls --help\n"),
        (["--no-such"], "torgpuls: No such option '--no-such'. See: torgpuls --help\n"),
    ],
)
def test_a_wrong_command_line_gets_one_line_and_exit_code_2(arguments, line, capsys):
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line)


def _command_that_raises(error):
    @click.command()
    def failing():
        raise error

    return failing


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            UserError("day.csv has no column 'ie';\n add it"),
            2,
            "torgpuls: day.csv has no column 'ie'; add it\n",
        ),
        (click.ClickException("so not"), 2, "torgpuls: so not\n"),
        (
            PermissionError(13, "Permission denied", "site/x"),
            2,
            "torgpuls: site/x: Permission denied: give this user the right to it, or name another\n",
        ),
        (UserError("a\x1b[31mb"), 2, "torgpuls: a\\x1b[31mb\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_expected_error_is_one_line_and_its_exit_code(error, code, line, capsys, monkeypatch):
    monkeypatch.setattr(cli.CommandFolder, "get_command", lambda *_: _command_that_raises(error))
    assert cli.run(["failing"]) == code
    assert capsys.readouterr().err.lstrip("\n") == line


def test_our_own_bug_falls_with_its_traceback(monkeypatch):
    monkeypatch.setattr(
        cli.CommandFolder, "get_command", lambda *_: _command_that_raises(ZeroDivisionError())
    )
    with pytest.raises(ZeroDivisionError):
        cli.run(["failing"])


PRINTING = """
import click
from torgpuls.host_tools import cli
@click.command()
def printing():
    print("one line")
cli.CommandFolder.get_command = lambda *_: printing
cli.main()
"""


@pytest.mark.parametrize("command", [[*TORGPULS, "--help"], [sys.executable, "-c", PRINTING, "printing"]])
def test_a_reader_that_leaves_early_gets_no_traceback(command, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.Popen(command, stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 1


@pytest.mark.parametrize("command", [[*TORGPULS, "--help"], [sys.executable, "-c", PRINTING, "printing"]])
def test_output_to_a_full_disk_gets_one_line(command, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stderr.startswith("torgpuls: No space left on device for the output")
    assert result.stderr.count("\n") == 1


def test_a_closed_output_is_no_bug():
    closed = ["sh", "-c", '"$@" >&-', "sh", *TORGPULS, "--help"]
    result = subprocess.run(closed, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [[], ["node"]])
def test_a_command_without_its_word_shows_the_help(arguments, capsys):
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err.startswith(f"Usage: {' '.join(['torgpuls', *arguments])} [OPTIONS]")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_end_cleans_up_and_says_nothing(number, tmp_path):
    program = (
        "import click, tempfile, time; from torgpuls.host_tools import cli\n"
        "@click.command()\n"
        "def waiting():\n"
        f"    with tempfile.TemporaryDirectory(dir={str(tmp_path)!r}):\n"
        "        print('up', flush=True); time.sleep(60)\n"
        "cli.CommandFolder.get_command = lambda *_: waiting\n"
        "cli.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "waiting"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == b"up\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_version_is_one_line(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("torgpuls ")
