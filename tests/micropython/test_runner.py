"""A fault that is planted in a test of the node is seen on every MicroPython."""

import subprocess
from pathlib import Path

import pytest
from torgpuls.simulator import toolchain
from torgpuls.simulator.toolchain import qemu, wasm

HERE = Path(__file__).resolve().parent
PLANTED = "def test_good(): pass\ndef test_bad(): assert 1 == 2\ndef test_worse(): [][0]\n"


@pytest.fixture
def folder(tmp_path):
    """A folder like tests/ with one file of tests, of which two fail."""
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "test_planted.py").write_text(PLANTED)
    (tmp_path / "runner.py").write_bytes((HERE / "runner.py").read_bytes())
    return tmp_path


def assert_two_failures_are_told(printed: str) -> None:
    assert "FAILED test_planted.test_bad" in printed and "AssertionError" in printed
    assert "FAILED test_planted.test_worse" in printed and "IndexError" in printed
    assert printed.rstrip().endswith("1 passed, 2 failed")


def test_a_failure_is_told_on_micropython_for_this_machine(folder):
    binary = toolchain.micropython_binary()
    if binary is None:
        pytest.skip("MicroPython is not built from the present sources: make micropython")
    command = [binary, folder / "runner.py", "test_planted"]
    done = subprocess.run(
        command, env={"MICROPYPATH": str(folder)}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert_two_failures_are_told(done.stdout)


def test_a_failure_is_told_on_a_newer_micropython(folder):
    if not wasm.place().exists():
        pytest.skip("MicroPython for WebAssembly is not there: make micropython")
    (folder / "micropython").mkdir()
    (folder / "runner.py").rename(folder / "micropython" / "runner.py")
    command = ["node", HERE / "run_wasm.mjs", wasm.place(), f"{folder}=/tests", "--", "test_planted"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert_two_failures_are_told(done.stdout)


def test_a_failure_is_told_on_a_32_bit_microcontroller(folder):
    modules = {"runner.py": folder / "runner.py", "node/test_planted.py": folder / "node" / "test_planted.py"}
    image = qemu.build(frozen=modules)
    assert_two_failures_are_told(qemu.execute(image, "import runner\nrunner.run(['test_planted'])", 60))


def test_what_the_machine_raises_reaches_the_caller():
    with pytest.raises(qemu.MachineError, match="ZeroDivisionError"):
        qemu.execute(qemu.build(), "print('before')\n1 // 0", 60)


def test_a_machine_that_does_not_answer_is_given_up():
    with pytest.raises(qemu.MachineError, match="no answer in time"):
        qemu.execute(qemu.build(), "while True: pass", 2)


def test_integers_of_this_machine_are_objects_above_30_bits():
    """What the 32-bit run is for: here such a number takes memory, on a 64-bit host it does not."""
    code = "import gc\na = gc.mem_alloc()\nb = 1 << int('29')\nc = gc.mem_alloc()\nd = 1 << int('30')\n"
    code += "print(c - a < gc.mem_alloc() - c)\n"
    assert qemu.execute(qemu.build(), code, 60).strip() == "True"
