"""Every file of tests/node passes on three MicroPythons too: 64-bit with C, WebAssembly, RV32.

A file that needs more than every interpreter has says so, `NEEDS = ("heap",)` at its top level:
    heap      more than an 80 kB heap on RV32 (a simulated world is larger than a node): 4 MB there
    sniffer   the C module `_sniffer`: not in WebAssembly
    files     a file system: not on RV32
"""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from torgpuls.simulator import toolchain
from torgpuls.simulator.toolchain import frozen, qemu, wasm

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
PATH = TESTS.parent / "build" / "path"
FILES = sorted(path.stem for path in (TESTS / "node").glob("test_*.py"))
HEAP_BYTES = 81920  # what an ESP32-C3 leaves to Python with Wi-Fi and TLS running, with room to spare
WORLD_HEAP_BYTES = 4 << 20
TIMEOUT_S = 300


def needs(name: str) -> tuple:
    """Return what the file declares, without importing it."""
    for statement in ast.parse((TESTS / "node" / f"{name}.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "NEEDS":
            return ast.literal_eval(statement.value)
    return ()


def that_run_without(*missing: str) -> list:
    """Return the names of the files that need none of `missing`."""
    return [name for name in FILES if not set(needs(name)) & set(missing)]


def assert_all_passed(printed: str) -> None:
    """The runner's closing line says that something ran and nothing failed."""
    closing = re.search(r"^(\d+) passed, (\d+) failed\s*\Z", printed, re.MULTILINE)
    assert closing and int(closing[1]) > 0 and int(closing[2]) == 0, printed


@pytest.mark.parametrize("name", FILES)
def test_passes_on_micropython_for_this_machine(name):
    binary = toolchain.micropython_binary()
    if binary is None:
        pytest.skip("MicroPython is not built from the present sources: make micropython")
    command = [binary, "-X", "heapsize=8M", HERE / "runner.py", name]
    environment = {"MICROPYPATH": f"{PATH}:{TESTS}:.frozen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert_all_passed(done.stdout + done.stderr)


@pytest.mark.parametrize("name", that_run_without("sniffer"))
def test_passes_on_a_newer_micropython(name):
    if not wasm.place().exists():
        pytest.skip("MicroPython for WebAssembly is not there: make micropython")
    roots = [f"{PATH}=/path", f"{TESTS}=/tests"]
    command = ["node", HERE / "run_wasm.mjs", wasm.place(), *roots, "--", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert_all_passed(done.stdout + done.stderr)


@pytest.fixture(scope="module")
def image():
    """image(heap_bytes): what the emulated microcontroller runs, tests/node and its imports frozen in."""
    names = ["runner", *(f"node.{name}" for name in that_run_without("files"))]
    modules = frozen.closure(names, [PATH, TESTS, HERE])
    return lambda heap_bytes: qemu.build(heap_bytes, modules)


@pytest.mark.parametrize("name", that_run_without("files"))
def test_passes_on_a_32_bit_microcontroller(name, image):
    heap_bytes = WORLD_HEAP_BYTES if "heap" in needs(name) else HEAP_BYTES
    code = f"import runner\nrunner.run([{name!r}])"
    assert_all_passed(qemu.execute(image(heap_bytes), code, TIMEOUT_S).strip())


def test_every_need_is_one_that_is_known():
    assert {need for name in FILES for need in needs(name)} <= {"heap", "sniffer", "files"}


def test_every_test_can_be_called_by_the_runner():
    """Without fixtures, parameters and pytest, which MicroPython does not have."""
    for name in FILES:
        tree = ast.parse((TESTS / "node" / f"{name}.py").read_text())
        imported = frozen.imported(TESTS / "node" / f"{name}.py", "node")
        assert "pytest" not in imported, name
        functions = [
            one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
        ]
        assert functions and all(not one.args.args and not one.decorator_list for one in functions), name
