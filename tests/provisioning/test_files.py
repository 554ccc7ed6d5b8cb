"""Files that are whole and new or whole and old, wherever the writing stops."""

import errno
import os

import pytest
from torgpuls.provisioning import files


def test_a_file_is_replaced_whole_with_the_mode_asked_for(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    files.write_whole(path, b"new", files.SECRET_MODE)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_exists_is_never_overwritten_by_write_once(tmp_path):
    path = tmp_path / "secret"
    assert files.write_once(path, b"first", files.SECRET_MODE)
    assert not files.write_once(path, b"second", files.SECRET_MODE)
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["secret"]


@pytest.mark.parametrize("failing_call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, failing_call):
    path = tmp_path / "secret"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing_call, full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        files.write_whole(path, b"new", files.SECRET_MODE)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["secret"]


def test_an_interrupted_write_leaves_no_half_of_a_secret(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(tmp_path / "secret", b"new", files.SECRET_MODE)
    assert os.listdir(tmp_path) == []
