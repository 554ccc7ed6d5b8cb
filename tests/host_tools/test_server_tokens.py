"""A node that is added may write at once, one that is removed may not, and a damaged file changes nothing."""

import pytest
from serving import START_S, Serving, add_nodes, report, token
from torgpuls.host_tools.server.tokens import Tokens
from torgpuls.provisioning import server_keys
from torgpuls.provisioning.errors import SiteError


def test_the_file_is_read_again_when_it_is_replaced(tmp_path):
    add_nodes(tmp_path, "n1")
    tokens = Tokens(tmp_path)
    assert tokens.node_of(token("n1")) == "n1"
    add_nodes(tmp_path, "n2")
    assert tokens.node_of(token("n1")) is None
    assert tokens.node_of(token("n2")) == "n2"


def test_before_the_first_node_there_is_no_file_and_nobody_may_write(tmp_path):
    tokens = Tokens(tmp_path)
    assert tokens.node_of(token("n1")) is None
    add_nodes(tmp_path, "n1")
    assert tokens.node_of(token("n1")) == "n1"


def test_a_file_that_is_damaged_later_leaves_the_nodes_known_before(tmp_path, capsys):
    add_nodes(tmp_path, "n1")
    tokens = Tokens(tmp_path)
    server_keys.path_in(tmp_path).write_text("rubbish")
    for _ in range(3):
        assert tokens.node_of(token("n1")) == "n1"
    (line,) = capsys.readouterr().err.splitlines()
    assert "nodes.keys" in line and "nodes known before may write" in line


def test_a_file_that_is_damaged_at_the_start_is_an_error(tmp_path):
    server_keys.path_in(tmp_path).write_text("rubbish")
    with pytest.raises(SiteError, match=r"nodes\.keys"):
        Tokens(tmp_path)


def test_a_running_server_takes_a_new_node_without_a_restart(tmp_path):
    with Serving(tmp_path) as server:
        assert server.write(report("n1", START_S))[0] == 401
        add_nodes(tmp_path, "n1")
        assert server.write(report("n1", START_S))[0] == 204
