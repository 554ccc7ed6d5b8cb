"""Both clients behind one function, and the certificates that their servers show."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from torgpuls.firmware.node import errors
from torgpuls.simulator import https, toolchain

from .certificates import World

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
Post = Callable[..., list[list]]


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def micropython() -> Path:
    """MicroPython's unix build; its tests are left out on a desk that has not built it."""
    binary = toolchain.micropython_binary()
    if binary is None:
        assert not os.environ.get("CI"), "CI must build MicroPython first"
        pytest.skip("MicroPython is not built: python -m torgpuls.simulator.toolchain unix")
    return binary


@pytest.fixture(params=["cpython", "micropython"])
def post(request, tmp_path, world) -> Post:
    """post(port, *bodies, host=…, ca=…, timeout_ms=…): ["answer", status, retry_after_s] or
    [error class, text] for each body, from the client of either interpreter."""
    binary = request.getfixturevalue("micropython") if request.param == "micropython" else None

    def run(port, *bodies, host="localhost", ca=None, timeout_ms=5000):
        der = world.ca.der() if ca is None else ca
        bodies = bodies or ("one",)
        if binary is None:
            return _on_cpython(host, port, der, timeout_ms, bodies)
        return _on_micropython(binary, tmp_path, host, port, der, timeout_ms, bodies)

    return run


def _on_cpython(host, port, der, timeout_ms, bodies):
    outcomes = []
    try:
        client = https.Https(host, port, "/write?a=b", "secret", der, timeout_ms)
    except errors.IdentityError as error:
        return [[type(error).__name__, str(error)]]
    for body in bodies:
        try:
            outcomes.append(["answer", *client.post(body.encode())])
        except errors.WorldError as error:
            outcomes.append([type(error).__name__, str(error)])
    client.close()
    return outcomes


def _on_micropython(binary, folder, host, port, der, timeout_ms, bodies):
    ca = folder / "ca.der"
    ca.write_bytes(der)
    done = subprocess.run(
        [binary, HERE / "post.py"],
        input=json.dumps([host, port, str(ca), timeout_ms, bodies]) + "\n",
        env={"MICROPYPATH": str(ROOT / "build" / "path")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
