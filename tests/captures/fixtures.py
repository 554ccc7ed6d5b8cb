"""What tests that play captures ask for."""

import os
from pathlib import Path

import pytest
from torgpuls.simulator import phones, toolchain

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
BEGIN_S = 1_700_000_000 // 86400 * 86400 + 36000


@pytest.fixture(scope="session")
def shared_data():
    """The published captures; a user's checkout has none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the published captures are not in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(params=["cpython", "micropython"])
def interpreter(request):
    """Either interpreter; MicroPython's tests are left out on a desk that has not built it."""
    if request.param == "micropython":
        need_micropython()
    return request.param


def need_micropython():
    if toolchain.micropython_binary() is None:
        assert not os.environ.get("CI"), "CI must build MicroPython first"
        pytest.skip("MicroPython is not built: python -m torgpuls.simulator.toolchain unix")


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """Half an hour of nine made-up people, from a quarter past ten on."""
    path = tmp_path_factory.mktemp("phones") / "phones.pcap"
    crowd = phones.Crowd(BEGIN_S + 900, 1800, people=9)
    phones.write_capture(crowd, path, path.with_name("heads.csv"))
    return path
