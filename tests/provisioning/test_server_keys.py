"""What the server gets: enough to check a node, not enough to be one."""

import hashlib
import stat

import pytest
from torgpuls.provisioning import keys, server_keys
from torgpuls.provisioning.book import Entry
from torgpuls.provisioning.errors import SiteError

MASTER = bytes(range(32))
NEW = Entry("square-1", "olimex_c3", "2024-07-01", "new")
ACTIVE = Entry("square-2", "olimex_c3", "2024-07-01", "active")
RETIRED = Entry("square-3", "olimex_c3", "2024-07-01", "retired")


def test_the_server_can_check_every_node_that_may_write_and_no_retired_one(tmp_path):
    server_keys.write(tmp_path, [NEW, ACTIVE, RETIRED], MASTER)
    known = server_keys.read(tmp_path)
    assert list(known) == ["square-1", "square-2"]
    token = keys.write_token(MASTER, "square-2")
    assert known["square-2"].token_sha256 == hashlib.sha256(token.encode()).digest()
    assert known["square-2"].report_key == keys.report_key(MASTER, "square-2")


def test_the_file_holds_no_token_and_only_its_owner_reads_it(tmp_path):
    server_keys.write(tmp_path, [NEW], MASTER)
    assert keys.write_token(MASTER, "square-1") not in (tmp_path / "nodes.keys").read_text()
    assert stat.S_IMODE((tmp_path / "nodes.keys").stat().st_mode) == 0o600


def test_keys_that_others_may_read_are_refused(tmp_path):
    server_keys.write(tmp_path, [NEW], MASTER)
    (tmp_path / "nodes.keys").chmod(0o644)
    with pytest.raises(SiteError, match="chmod 600"):
        server_keys.read(tmp_path)


def test_a_site_without_nodes_has_no_keys(tmp_path):
    assert server_keys.read(tmp_path) == {}


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda text: text.replace("node,", "nod,", 1), 1),
        (lambda text: text[:-2], 2),
        (lambda text: text[:-3], 2),
        (lambda text: text.replace("square-1", "SQUARE"), 2),
        (lambda text: text.replace("square-1,", "square-1,zz"), 2),
        (lambda text: text + "\n", 3),
        (lambda text: "\xff", 1),
    ],
)
def test_a_damaged_file_is_refused_with_its_line_and_the_remedy(tmp_path, damage, line):
    server_keys.write(tmp_path, [NEW], MASTER)
    path = tmp_path / "nodes.keys"
    path.write_bytes(damage(path.read_text()).encode("latin-1"))
    with pytest.raises(SiteError, match=f"nodes.keys line {line} is damaged.*torgpuls node keys"):
        server_keys.read(tmp_path)
