import os

import pytest
from torgpuls.simulator.toolchain import tree
from torgpuls.simulator.toolchain.packages import SetUpError


def test_a_mirror_holds_what_is_wanted_and_keeps_the_time_of_what_did_not_change(tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_text("old")
    tree.mirror({"kept/a.c": source, "gone/b.c": source}, copy)
    os.utime(copy / "kept/a.c", (1, 1))

    tree.mirror({"kept/a.c": source}, copy)
    assert sorted(copy.rglob("*")) == [copy / "kept", copy / "kept/a.c"]
    assert (copy / "kept/a.c").stat().st_mtime == 1

    source.write_text("new")
    tree.mirror({"kept/a.c": source}, copy)
    assert (copy / "kept/a.c").read_text() == "new"


def test_a_failing_compiler_is_quoted(tmp_path):
    (tmp_path / "Makefile").write_text("all:\n\t@echo 'frame.c:1: error: no such thing' >&2; false\n")
    with pytest.raises(SetUpError, match="frame.c:1: error: no such thing"):
        tree.run_make(tmp_path, [])


def test_c_modules_are_the_folders_with_a_micropython_mk(tmp_path):
    for name in ("sniffer/micropython.mk", "sniffer/frame.c", "node/app.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = tree.c_modules(tmp_path)
    assert {name: [file.name for file in files] for name, files in found.items()} == {
        "sniffer": ["frame.c", "micropython.mk"]
    }
