import multiprocessing
import os
import time

import pytest
from torgpuls.simulator.toolchain import cache

KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def make_slowly(folder):
    (folder / "thing").write_text("half")
    time.sleep(0.2)
    with open(folder.parent / "calls", "a") as calls:
        calls.write("called\n")
    (folder / "thing").write_text("whole")


def test_what_is_made_once_is_found_again_without_making_it():
    cache.made("thing", KEY, make_slowly)
    place = cache.made("thing", KEY, lambda folder: pytest.fail("made twice"))
    assert (place / "thing").read_text() == "whole"


def test_an_entry_of_another_user_is_used_as_it_is(monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    place = cache.made("thing", KEY, make_slowly)
    monkeypatch.setattr(os, "utime", refused)
    assert cache.made("thing", KEY, lambda folder: pytest.fail("made twice")) == place


def test_an_interrupted_make_leaves_nothing():
    def interrupted(folder):
        (folder / "thing").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.made("thing", KEY, interrupted)
    assert not [path for path in cache.home().iterdir() if path.is_dir()]


def test_what_a_killed_process_left_is_removed_by_the_next():
    left = cache.home() / ".thing-abc.partial"
    left.mkdir(parents=True)
    cache.made("thing", KEY, make_slowly)
    assert not left.exists()


def test_of_two_that_want_the_same_one_makes_it():
    both = [multiprocessing.Process(target=cache.made, args=("thing", KEY, make_slowly)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert (cache.home() / "calls").read_text() == "called\n"


def test_the_oldest_are_forgotten_and_other_names_are_not():
    cache.made("thing-else", KEY, make_slowly)
    for number in range(cache.KEPT_PER_NAME + 1):
        cache.made("thing", f"{number:016x}", lambda folder: None)
    kept = sorted(path.name for path in cache.home().glob("thing-*"))
    assert kept[-1] == f"thing-else-{KEY}" and len(kept) == cache.KEPT_PER_NAME + 1
    assert f"thing-{0:016x}" not in kept


def test_a_key_changes_with_every_text_name_and_byte(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"xy")
    b.write_bytes(b"xy")
    keys = [
        cache.key(["1", "2"]),
        cache.key(["12"]),
        cache.key([], [a]),
        cache.key([], [b]),
        cache.key([], [a, b]),
    ]
    a.write_bytes(b"xz")
    keys.append(cache.key([], [a]))
    assert len(set(keys)) == len(keys)
