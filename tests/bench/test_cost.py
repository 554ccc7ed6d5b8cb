"""The sniffer stays within its instruction budget: the count is the same on every machine."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_floor_of_the_cost_table_is_reached():
    done = subprocess.run([sys.executable, ROOT / "bench" / "cost.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
