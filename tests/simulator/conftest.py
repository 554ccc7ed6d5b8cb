"""Where the published captures are; a user's checkout has none."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the published captures are not in {SHARED_DATA}")
    return SHARED_DATA
