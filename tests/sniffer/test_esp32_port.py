"""port_esp32.c against the vendor's own headers and libraries, for every chip that a board has.

ESP-IDF itself is not needed: the headers that the crate leaves out stand in tests/sniffer/esp32.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sniffer import vendor
from sniffer.c_programs import MEMORY_CHECKS, PORTABLE, SNIFFER, WARNINGS, compiled, run

HERE = Path(__file__).with_name("esp32")
CHIPS = {"esp32": [], "esp32s3": [], "esp32c3": [], "esp32c6": ["-DCONFIG_SOC_WIFI_HE_SUPPORT=1"]}
COMPILER = "riscv64-unknown-elf-gcc"
SYMBOLS = "riscv64-unknown-elf-nm"


@pytest.fixture(scope="module")
def crate() -> Path:
    for tool in ("cargo", COMPILER):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    return vendor.folder()


def includes(crate: Path, chip: str) -> list[str]:
    macros = [f"-DCONFIG_IDF_TARGET_{chip.upper()}=1", *CHIPS[chip], "-include", "shim.h", f"-I{HERE}"]
    folders = [crate / "include" / chip, crate / "include" / "local", crate / "include"]
    return [*macros, *(f"-isystem{folder}" for folder in folders)]


def compiled_for(crate: Path, chip: str, tmp_path: Path) -> Path:
    """Compile port_esp32.c for `chip`; the instruction set does not matter to the headers."""
    target = ["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs", "-Os"]
    output = tmp_path / f"{chip}.o"
    source = str(SNIFFER / "port_esp32.c")
    command = [COMPILER, *WARNINGS, *target, *includes(crate, chip), "-c", source, "-o", str(output)]
    subprocess.run(command, check=True)
    return output


def printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("chip", CHIPS)
def test_the_port_compiles_without_a_warning_and_the_vendor_has_every_function(crate, chip, tmp_path):
    wanted = set(
        re.findall(r" U (esp_wifi_\w+)", printed(SYMBOLS, "-u", str(compiled_for(crate, chip, tmp_path))))
    )
    assert len(wanted) >= 9
    index = printed(SYMBOLS, "--print-armap", str(crate / "libs" / chip / "libnet80211.a"))
    offered = set(re.findall(r"^(\w+) in \S+\.o", index, re.MULTILINE))
    assert wanted - offered == set()


def test_micropythons_panic_handler_links_in_an_image_whose_panics_are_silent(crate, tmp_path):
    # ports/esp32/panichandler.c calls it; ESP-IDF's panic.c has it only where panics print.
    defined = printed(SYMBOLS, "--defined-only", str(compiled_for(crate, "esp32c3", tmp_path)))
    assert re.search(r" W panic_print_str$", defined, re.MULTILINE)


@pytest.mark.parametrize("chip", CHIPS)
def test_the_driver_is_asked_in_the_right_order_and_its_packets_are_forgotten(crate, chip):
    """The behaviours are the checks in esp32_world.c."""
    # The widths of the driver's bit fields differ from chip to chip, which a test that fills them meets.
    flags = (*MEMORY_CHECKS, "-Wno-conversion", "-Wno-sign-conversion", *includes(crate, chip))
    run(compiled(f"esp32_world_{chip}", ("esp32_world.c",), (*PORTABLE, "port_esp32.c"), *flags))


def test_only_the_port_includes_the_radio():
    including = [
        path.name for path in SNIFFER.glob("*.[ch]") if re.search(r"#include [<\"]esp_", path.read_text())
    ]
    assert including == ["port_esp32.c"]
