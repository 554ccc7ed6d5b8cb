"""`torgpuls node`: one line for everything that goes wrong, and no secret on the screen."""

import datetime
import os
import pty
import subprocess
import sys

import pytest
from adapters.certificates import issue
from cryptography.hazmat.primitives.serialization import Encoding
from torgpuls.firmware.node import identity
from torgpuls.host_tools import cli
from torgpuls.provisioning import keys

BOARD = "olimex_esp32_poe"


@pytest.fixture
def site(tmp_path):
    """A site on which torgpuls serve has made its CA."""
    (tmp_path / "tls").mkdir()
    ca = issue("Torgpuls test CA", ca=True)
    (tmp_path / "tls" / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    return tmp_path


def _identity(site, node):
    return vars(identity.read((site / "nodes" / f"{node}.identity").read_bytes()))


def test_a_node_with_all_defaults_fits_the_server_of_the_same_site(site, capsys):
    """The defaults of `torgpuls serve`: its port, organisation and bucket."""
    from torgpuls.host_tools.commands import serve

    assert cli.run(["node", "add", "square-1", "--site", str(site), "--board", BOARD]) == 0
    defaults = {option.name: option.default for option in serve.command.params}
    found = _identity(site, "square-1")
    assert (found["host"], found["port"]) == ("localhost", defaults["port"])
    assert (found["org"], found["bucket"]) == (defaults["org"], defaults["bucket"])
    assert (found["ssid"], found["password"]) == ("", "")
    path = site / "nodes" / "square-1.identity"
    assert capsys.readouterr().out == f"square-1: reports to https://localhost:8443, identity in {path}\n"


def test_list_and_show_tell_all_but_the_secrets(site, capsys, tmp_path):
    (tmp_path / "password").write_text("correct horse\n")
    wifi = ["--wifi-ssid", "Rathaus", "--wifi-password-file", str(tmp_path / "password")]
    assert cli.run(["node", "add", "square-1", "--site", str(site), "--board", BOARD, *wifi]) == 0
    assert cli.run(["node", "add", "n2", "--site", str(site), "--board", "esp32_c3", *wifi]) == 0
    capsys.readouterr()
    assert cli.run(["node", "list", "--site", str(site)]) == 0
    today = datetime.date.today().isoformat()
    assert capsys.readouterr().out.splitlines() == [
        "node      board             made        state",
        f"square-1  olimex_esp32_poe  {today}  new",
        f"n2        esp32_c3          {today}  new",
    ]
    assert cli.run(["node", "show", "square-1", "--site", str(site)]) == 0
    shown = capsys.readouterr().out
    assert "network       Wi-Fi Rathaus\n" in shown
    assert "may write     yes\n" in shown
    assert _identity(site, "square-1")["password"] == "correct horse"
    token = keys.write_token((site / "master.secret").read_bytes(), "square-1")
    assert "correct horse" not in shown and token not in shown


def test_the_password_is_asked_without_echo(site):
    password = "correct horse"
    arguments = ["node", "add", "square-1", "--site", str(site), "--board", BOARD, "--wifi-ssid", "Rathaus"]
    main_end, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "torgpuls.host_tools.cli", *arguments],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    screen = b""
    while b"Password of Wi-Fi Rathaus: " not in screen:
        screen += os.read(main_end, 1000)
    os.write(main_end, password.encode() + b"\n")
    process.wait(60)
    screen += os.read(main_end, 1000)
    os.close(main_end)
    assert process.returncode == 0
    assert password.encode() not in screen
    assert _identity(site, "square-1")["password"] == password


def test_without_a_terminal_the_password_is_not_asked_in_vain(site):
    arguments = ["node", "add", "w1", "--site", str(site), "--board", "esp32_c3", "--wifi-ssid", "net"]
    result = subprocess.run(
        [sys.executable, "-m", "torgpuls.host_tools.cli", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, start_new_session=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith("torgpuls: no terminal to ask") and result.stderr.count("\n") == 1


def test_a_password_file_that_is_not_text_is_named(site, capsys):
    (site / "password").write_bytes(b"\xff\xfe")
    arguments = ["--board", "esp32_c3", "--wifi-ssid", "net", "--wifi-password-file", str(site / "password")]
    assert cli.run(["node", "add", "w1", "--site", str(site), *arguments]) == 2
    assert "is not text" in capsys.readouterr().err


def test_no_command_of_the_list_is_cut_off(capsys):
    assert cli.run(["node", "--help"]) == 0
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


def test_a_password_on_the_command_line_is_no_option(site, capsys):
    assert cli.run(["node", "add", "square-1", "--site", str(site), "--wifi-password", "x"]) == 2
    assert "No such option '--wifi-password'" in capsys.readouterr().err


def test_retire_takes_the_right_to_write_and_keys_follows_the_book(site, capsys):
    for node in ("square-1", "square-2"):
        assert cli.run(["node", "add", node, "--site", str(site), "--board", BOARD]) == 0
    assert cli.run(["node", "retire", "square-1", "--site", str(site)]) == 0
    capsys.readouterr()
    assert cli.run(["node", "show", "square-1", "--site", str(site)]) == 0
    shown = capsys.readouterr().out
    assert "state         retired\n" in shown and "may write     no\n" in shown
    assert cli.run(["node", "keys", "--site", str(site)]) == 0
    assert capsys.readouterr().out == "1 node may write\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["add", "square-1"], "which board is it? Add --board with one of: esp32_c3, "),
        (["add", "square-1", "--board", "toaster"], "no board 'toaster': use one of esp32_c3, "),
        (["add", "Square 1", "--board", BOARD], "node name 'Square 1': use 1 to 12 of a-z, 0-9 and -"),
        (["add", "n", "--board", BOARD, "--ca", "nowhere.pem"], "there is no CA certificate nowhere.pem"),
        (["add", "n", "--board", BOARD, "--server-host", "https://x"], "give its name alone"),
        (["add", "n", "--board", BOARD, "--server-port", "0"], "identity: port is 0, not 1..65535"),
        (["add", "n", "--board", BOARD, "--ntp", "a", "--ntp", "b", "--ntp", "c"], "3 time servers"),
        (
            ["add", "n", "--board", BOARD, "--wifi-ssid", "x", "--wifi-password-file", os.devnull],
            "--wifi-open",
        ),
        (["add", "n", "--board", "esp32_c3"], "esp32_c3 has no Ethernet: add --wifi-ssid"),
        (["add", "n", "--renew"], "has no node 'n'"),
        (["show", "n"], "has no node 'n'"),
        (["list"], "nodes.csv has no node yet: torgpuls node add NODE"),
        (["add"], "Missing argument 'NODE'. See: torgpuls node add --help"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_remedy_and_nothing_is_written(site, capsys, arguments, line):
    before = sorted(path for path in site.rglob("*") if path.name != ".nodes.lock")
    assert cli.run(["node", *arguments, "--site", str(site)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("torgpuls: ") and captured.err.count("\n") == 1
    assert line in captured.err
    after = [path for path in site.rglob("*") if path.name not in (".nodes.lock", "master.secret")]
    assert sorted(after) == before
