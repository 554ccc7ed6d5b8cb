"""The master secret is drawn once, and every node's keys follow from it."""

import multiprocessing
import os
import re
import stat

import pytest
from torgpuls.provisioning import keys
from torgpuls.provisioning.errors import SiteError

# RFC 5869, appendix A: test cases 1, 2 and 3 (input key, salt, info, output).
RFC_5869 = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x00, 0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("secret", "salt", "info", "output"), RFC_5869)
def test_derivation_is_that_of_rfc_5869(secret, salt, info, output):
    derived = keys.hkdf_sha256(
        bytes.fromhex(secret), bytes.fromhex(salt), bytes.fromhex(info), len(output) // 2
    )
    assert derived.hex() == output


def test_a_node_key_is_hkdf_of_the_master_secret_node_and_purpose():
    """Written out with HMAC alone (RFC 5869, 2.2 and 2.3), so that the info string cannot drift."""
    import hashlib
    import hmac

    master = bytes(range(32))
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    expanded = hmac.new(extracted, b"torgpuls/square-1/report\x01", hashlib.sha256).digest()
    assert keys.report_key(master, "square-1") == expanded


def test_every_node_and_purpose_has_keys_of_its_own():
    master = bytes(range(32))
    nodes = [f"node-{number}" for number in range(50)]
    report_keys = {keys.report_key(master, node) for node in nodes}
    tokens = {keys.write_token(master, node) for node in nodes}
    assert len(report_keys) == len(tokens) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", token) for token in tokens)


def test_the_master_secret_is_drawn_once_and_only_its_owner_may_read_it(tmp_path):
    first = keys.master_secret(tmp_path)
    assert keys.master_secret(tmp_path) == first
    assert len(first) == 32
    assert stat.S_IMODE((tmp_path / "master.secret").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["master.secret"]


def test_two_that_draw_at_once_get_the_same_secret(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(keys.master_secret, [tmp_path] * 16))) == 1


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_of_the_wrong_size_is_refused_and_left_alone(tmp_path, size):
    path = tmp_path / "master.secret"
    path.touch(0o600)
    path.write_bytes(b"x" * size)
    with pytest.raises(SiteError, match=rf"master.secret has {size} bytes.*restore it from your backup"):
        keys.master_secret(tmp_path)
    assert path.read_bytes() == b"x" * size


def test_a_secret_that_others_may_read_is_refused_with_the_remedy(tmp_path):
    keys.master_secret(tmp_path)
    (tmp_path / "master.secret").chmod(0o640)
    with pytest.raises(SiteError, match="may be read by others: chmod 600 .*master.secret"):
        keys.master_secret(tmp_path)


def test_a_lost_secret_is_not_replaced_in_silence_while_boards_depend_on_it(tmp_path):
    (tmp_path / "nodes.keys").touch()
    with pytest.raises(SiteError, match="restore it from your backup"):
        keys.master_secret(tmp_path)
    assert not (tmp_path / "master.secret").exists()
