"""Who may import whom (docs: DESIGN's arrows), read from the sources of Python and C."""

import ast
import re
from pathlib import Path

import pytest
from torgpuls.simulator.toolchain.frozen import imported

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("firmware", "provisioning", "simulator", "host_tools", "boards")

# A part of Torgpuls, and what of Torgpuls it may import (firmware.node is not firmware).
MAY_IMPORT = {
    "firmware.node": {"firmware.node"},
    "firmware.adapters": {"firmware.adapters", "firmware.node"},
    "firmware": {"firmware", "firmware.adapters", "firmware.node", "boards"},
    "boards": {"boards"},
    "provisioning": {"provisioning", "firmware.node"},
    # The one exception: a simulated node on MicroPython uploads with the board's own HTTPS client.
    "simulator": {"simulator", "firmware.node", "firmware.adapters.https"},
    "host_tools": {"host_tools", "provisioning", "simulator", "firmware.node", "boards"},
}
# What the node may take from the interpreter: alike on MicroPython and CPython, and no hardware.
NODE_MODULES = {"array", "binascii", "collections", "errno", "gc", "hashlib", "json", "struct", "sys"}
HARDWARE = {"machine", "network", "esp", "esp32", "tls", "socket", "select", "ssl", "_sniffer", "_crypto"}
UNVERIFIED = {"ssl", "requests", "urequests"}  # do not check certificates on MicroPython unless asked to

PYTHON = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SNIFFER_C = sorted((ROOT / "firmware" / "sniffer").glob("*.[ch]"))
LIBC = {
    f"{name}.h"
    for name in ("errno", "stdatomic", "stdbool", "stddef", "stdint", "string", "sys/types", "unistd")
}


def names_of(file: Path) -> set:
    """Return every dotted name that `file` imports, relative ones resolved."""
    return imported(file, ".".join(["torgpuls", *file.relative_to(ROOT).parent.parts]))


def part_of(dotted: str) -> str:
    """Return the row of MAY_IMPORT to which "firmware.node.app" belongs, "" for none."""
    return next((part for part in MAY_IMPORT if f"{dotted}.".startswith(f"{part}.")), "")


def own_imports(file: Path) -> set:
    """Return what `file` imports of Torgpuls, without the prefix: {"firmware.node.app", …}.

    main.py is frozen beside the folder `firmware` and has no package to be relative to.
    """
    names = {name.removeprefix("torgpuls.") for name in names_of(file)}
    inside = {name for name in names if name.partition(".")[0] in PACKAGES}
    # `from ..firmware import node` names both "firmware" and "firmware.node": the longer one counts.
    return {name for name in inside if not any(other.startswith(f"{name}.") for other in inside)}


def forbidden(file: Path) -> set:
    """Return those imports of `file` that its part may not have."""
    part = part_of(".".join(file.relative_to(ROOT).with_suffix("").parts))
    allowed = MAY_IMPORT[part]

    def is_allowed(name: str) -> bool:
        return part_of(name) in allowed or any(f"{name}.".startswith(f"{one}.") for one in allowed)

    return {name for name in own_imports(file) if not is_allowed(name)}


@pytest.mark.parametrize("file", PYTHON, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_follow_the_arrows(file):
    assert forbidden(file) == set()


def test_the_node_knows_no_hardware():
    for file in (ROOT / "firmware" / "node").glob("*.py"):
        outside = {name.partition(".")[0] for name in names_of(file) if not name.startswith("torgpuls")}
        assert outside <= NODE_MODULES, file


def test_only_adapters_import_the_chip():
    chip = {"machine", "network", "esp", "esp32", "tls"}
    users = {file for file in PYTHON if names_of(file) & chip}
    assert all(file.parent.name == "adapters" for file in users), users


def test_nothing_for_a_board_uses_what_does_not_verify_certificates():
    for file in (ROOT / "firmware").rglob("*.py"):
        assert not names_of(file) & UNVERIFIED, file


def test_the_nodes_package_imports_nothing_when_it_is_imported():
    assert [type(one) for one in ast.parse((ROOT / "firmware/node/__init__.py").read_text()).body] == [
        ast.Expr
    ]


def includes(file: Path) -> set:
    return set(re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', file.read_text(), re.MULTILINE))


def test_only_the_esp32_port_includes_the_vendors_headers():
    vendor = re.compile(r"esp_|freertos/|sdkconfig|driver/|nvs")
    users = {file.name for file in SNIFFER_C if any(vendor.match(name) for name in includes(file))}
    assert users == {"port_esp32.c"}


def test_only_the_bindings_include_micropython():
    users = {file.name for file in SNIFFER_C if any(name.startswith("py/") for name in includes(file))}
    assert users == {"module.c"}


def test_the_rest_of_the_sniffer_needs_nothing_but_libc():
    own = {file.name for file in SNIFFER_C}
    for file in SNIFFER_C:
        if file.name not in ("module.c", "port_esp32.c"):
            assert includes(file) - own <= LIBC, file


def test_a_forbidden_import_would_be_seen(tmp_path, monkeypatch):
    """Plants one of each kind in a copy of the layout, since a rule that sees nothing is no rule."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    planted = {
        "firmware/node/app.py": "def late():\n    from ...simulator import clock\n",
        "simulator/world.py": "from ..host_tools import cli\n",
        "provisioning/book.py": "import torgpuls.simulator.clock\n",
        "firmware/adapters/wifi.py": "from ...boards import c3\n",
        "simulator/radio.py": "from ..firmware.adapters import wifi\n",
    }
    for name, text in planted.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        assert forbidden(file), name
