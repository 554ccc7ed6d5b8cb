from torgpuls.simulator.toolchain import frozen


def lay_out(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_everything_that_is_imported_comes_along_and_nothing_else(tmp_path):
    files = {
        "town/__init__.py": "",
        "town/square.py": "import struct\nfrom . import clock\nfrom ..other.deep import thing\n",
        "town/clock.py": "def late():\n    import lonely\n",
        "town/unused.py": "",
        "other/deep/thing.py": "",
        "lonely.py": "",
    }
    lay_out(tmp_path / "path" / "pkg", files)
    lay_out(tmp_path / "path", {"lonely.py": ""})
    found = frozen.closure(["pkg.town.square"], [tmp_path / "path"])
    names = {
        "pkg/town/__init__.py",
        "pkg/town/square.py",
        "pkg/town/clock.py",
        "pkg/other/deep/thing.py",
        "lonely.py",
    }
    assert set(found) == names


def test_modules_that_import_each_other_are_found_once(tmp_path):
    lay_out(tmp_path, {"a.py": "import b", "b.py": "import a"})
    assert set(frozen.closure(["a"], [tmp_path])) == {"a.py", "b.py"}
