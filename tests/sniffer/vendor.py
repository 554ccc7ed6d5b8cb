"""ESP-IDF's Wi-Fi headers and the vendor's libraries, from the crate esp-wifi-sys in Rust's registry.

python -m sniffer.vendor        (with tests/ on the path) fetches them into the cache and prints where
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from torgpuls.simulator.toolchain import cache

VERSION = "0.8.1"
MANIFEST = f"""[package]
name = "throw-away"
version = "0.0.0"
edition = "2021"
[lib]
path = "lib.rs"
[dependencies]
esp-wifi-sys = {{ version = "={VERSION}", features = ["esp32c3"] }}
"""


def folder() -> Path:
    """Return the unpacked crate; cargo fetches it once and checks it against the registry's checksum."""
    return cache.made("esp-wifi-sys", VERSION, _fetch)


def _fetch(place: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "Cargo.toml").write_text(MANIFEST)
        (Path(scratch) / "lib.rs").touch()
        subprocess.run(["cargo", "vendor", "--quiet"], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        shutil.copytree(Path(scratch) / "vendor" / "esp-wifi-sys", place, dirs_exist_ok=True)


if __name__ == "__main__":
    print(folder())
