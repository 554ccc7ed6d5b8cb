"""A node comes to a site: everything that it needs, and nothing half-written."""

import datetime
import hashlib
import itertools
import os
import stat

import pytest
from adapters.certificates import issue
from torgpuls.firmware.node import identity
from torgpuls.firmware.node.errors import PersonError
from torgpuls.provisioning import book, enrolment, identity_image, keys, server_keys
from torgpuls.provisioning.errors import SiteError
from torgpuls.provisioning.network import Network

TODAY = datetime.date(2024, 7, 1)
ETHERNET = Network("", "", "counts.example", 8443, "town", "counts", b"", ("ntp.one", "ntp.two"))


@pytest.fixture(scope="module")
def network():
    return ETHERNET._replace(ca_der=issue("Torgpuls test CA", ca=True).der())


def test_the_identity_holds_what_the_node_needs_to_come_home(tmp_path, network):
    wifi = network._replace(wifi_ssid="Rathaus Gäste", wifi_password="correct horse")
    image = enrolment.add(tmp_path, "square-1", "olimex_c3", wifi, TODAY)
    found = vars(identity.read(image.read_bytes()))
    master = (tmp_path / "master.secret").read_bytes()
    assert found == {
        "node": "square-1",
        "report_key": keys.report_key(master, "square-1"),
        "token": keys.write_token(master, "square-1"),
        "ssid": "Rathaus Gäste",
        "password": "correct horse",
        "host": "counts.example",
        "port": 8443,
        "org": "town",
        "bucket": "counts",
        "ca_der": network.ca_der,
        "clock_server_1": "ntp.one",
        "clock_server_2": "ntp.two",
    }


def test_the_server_accepts_the_very_token_in_the_identity(tmp_path, network):
    image = enrolment.add(tmp_path, "square-1", "olimex_c3", network, TODAY)
    token = vars(identity.read(image.read_bytes()))["token"]
    known = server_keys.read(tmp_path)["square-1"]
    assert known.token_sha256 == hashlib.sha256(token.encode()).digest()


def test_every_secret_file_is_readable_by_its_owner_only(tmp_path, network):
    enrolment.add(tmp_path / "site", "square-1", "olimex_c3", network, TODAY)
    for path in (tmp_path / "site").rglob("*"):
        if path.is_file() and path.name != "nodes.csv":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_second_node_of_the_same_name_changes_nothing(tmp_path, network):
    enrolment.add(tmp_path, "square-1", "olimex_c3", network, TODAY)
    before = _content(tmp_path)
    with pytest.raises(SiteError, match="node 'square-1' is in .*nodes.csv already"):
        enrolment.add(tmp_path, "square-1", "olimex_c3", network._replace(org="other"), TODAY)
    assert _content(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wifi_ssid": "x", "wifi_password": "short"}, "password of Wi-Fi 'x' must have 8 to 63"),
        ({"wifi_ssid": "x", "wifi_password": "p" * 64}, "must have 8 to 63"),
        ({"wifi_password": "correct horse"}, "add --wifi-ssid"),
        ({"server_host": "https://counts.example"}, "give its name alone"),
        ({"server_host": "counts.example:8443"}, "the port with --server-port"),
        ({"wifi_ssid": "ö" * 17}, "ssid is 34 bytes, not 0..32"),
        ({"server_port": 65536}, "port is 65536, not 1..65535"),
        ({"ntp_servers": ("ntp one", "")}, "clock_server_1 may not hold ' '"),
    ],
)
def test_a_wrong_value_is_named_and_no_node_is_entered(tmp_path, network, change, message):
    with pytest.raises(PersonError, match=message):
        enrolment.add(tmp_path, "square-1", "olimex_c3", network._replace(**change), TODAY)
    assert book.read(tmp_path).entries == []
    assert not (tmp_path / "nodes.keys").exists()
    assert not (tmp_path / "nodes" / "square-1.identity").exists()


def test_a_new_network_changes_the_identity_and_keeps_the_keys(tmp_path, network):
    image = enrolment.add(tmp_path, "square-1", "olimex_c3", network, TODAY)
    before = vars(identity.read(image.read_bytes()))
    enrolment.renew(tmp_path, "square-1", network._replace(server_host="new.example"))
    assert vars(identity.read(image.read_bytes())) == {**before, "host": "new.example"}


def test_only_a_node_of_the_book_is_renewed(tmp_path, network):
    with pytest.raises(SiteError, match="has no node 'square-1'"):
        enrolment.renew(tmp_path, "square-1", network)


def test_a_retired_node_keeps_its_row_and_loses_its_right(tmp_path, network):
    for node in ("square-1", "square-2"):
        enrolment.add(tmp_path, node, "olimex_c3", network, TODAY)
    enrolment.retire(tmp_path, "square-1")
    assert [entry.state for entry in book.read(tmp_path).entries] == ["retired", "new"]
    assert list(server_keys.read(tmp_path)) == ["square-2"]


def test_the_servers_keys_follow_a_book_edited_by_hand(tmp_path, network):
    enrolment.add(tmp_path, "square-1", "olimex_c3", network, TODAY)
    path = tmp_path / "nodes.csv"
    path.write_text(path.read_text().replace(",new", ",retired"))
    assert enrolment.renew_server_keys(tmp_path) == 0
    assert server_keys.read(tmp_path) == {}


class Killed(BaseException):
    """The process ended here."""


def test_wherever_adding_is_killed_the_next_try_ends_as_if_nothing_had_happened(
    tmp_path, network, monkeypatch
):
    undisturbed = tmp_path / "undisturbed"
    _site_with_one_node(undisturbed, network)
    known_before = server_keys.read(undisturbed)
    enrolment.add(undisturbed, "square-2", "olimex_c3", network, TODAY)
    for step in itertools.count():
        site = tmp_path / f"killed at step {step}"
        _site_with_one_node(site, network)
        with monkeypatch.context() as patched:
            steps = itertools.count()
            for name in ("open", "fsync", "replace", "link", "unlink", "mkdir"):
                patched.setattr(os, name, _killed_at(step, steps, getattr(os, name)))
            try:
                enrolment.add(site, "square-2", "olimex_c3", network, TODAY)
                break
            except Killed:
                pass
        # Usable at once: the server knows at least the nodes that it knew.
        assert server_keys.read(site).items() >= known_before.items()
        if len(book.read(site).entries) == 1:
            enrolment.add(site, "square-2", "olimex_c3", network, TODAY)
        assert _content(site) == _content(undisturbed)
    assert step > 10


def _site_with_one_node(site, network):
    site.mkdir()
    (site / "master.secret").touch(0o600)
    (site / "master.secret").write_bytes(bytes(range(32)))
    enrolment.add(site, "square-1", "olimex_c3", network, TODAY)


def _killed_at(step, steps, call):
    def counted(*arguments, **named):
        if next(steps) == step:
            raise Killed
        return call(*arguments, **named)

    return counted


def _content(site):
    files = [path for path in site.rglob("*") if path.is_file() and not path.name.endswith(".new")]
    return {str(path.relative_to(site)): path.read_bytes() for path in files}


def test_what_is_shown_of_a_node_holds_no_secret(tmp_path, network):
    wifi = network._replace(wifi_ssid="Rathaus", wifi_password="correct horse")
    enrolment.add(tmp_path, "square-1", "olimex_c3", wifi, TODAY)
    shown = "\n".join(identity_image.describe(tmp_path, "square-1").values())
    master = (tmp_path / "master.secret").read_bytes()
    assert "Wi-Fi Rathaus" in shown
    assert "https://counts.example:8443" in shown
    secrets = [keys.write_token(master, "square-1"), keys.report_key(master, "square-1").hex()]
    assert not any(secret in shown for secret in ["correct horse", *secrets])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [(lambda path: path.unlink(), "is missing"), (lambda path: path.write_bytes(b"x"), "is damaged")],
)
def test_a_missing_or_damaged_identity_says_how_to_make_it_again(tmp_path, network, damage, problem):
    damage(enrolment.add(tmp_path, "square-1", "olimex_c3", network, TODAY))
    with pytest.raises(
        SiteError, match=f"square-1.identity {problem}: torgpuls node add square-1 .* --renew"
    ):
        identity_image.describe(tmp_path, "square-1")
