"""The simulated node's transport: the same request from either interpreter."""

import json
import subprocess
from pathlib import Path

from torgpuls.firmware.node import identity
from torgpuls.simulator.upload import UploadTransport

from .server import NO_CONTENT, Server, answers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def made_up(world, port):
    return identity.Identity(
        node="node-1",
        report_key=b"k" * 32,
        token="secret",
        ssid="",
        password="",
        host="localhost",
        port=port,
        org="town & co",
        bucket="presence",
        ca_der=world.ca.der(),
        clock_server_1="clock.example",
        clock_server_2="",
    )


def test_both_interpreters_send_the_same_bytes_over_one_connection(world, micropython):
    with Server(world.good.server_context(), answers(NO_CONTENT)) as server:
        transport = UploadTransport(made_up(world, server.port), lambda: 1700000000)
        transport.connect()
        assert [transport.write(body) for body in (b"one", b"two")] == [(204, 0)] * 2
        transport.disconnect()
        done = subprocess.run(
            [micropython, HERE / "upload.py"],
            input=json.dumps(identity.pack(made_up(world, server.port)).hex()) + "\n",
            env={"MICROPYPATH": str(ROOT / "build" / "path")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.splitlines() == ["[204, 0]"] * 2, done.stderr
    assert server.connections == 2
    assert server.requests[:2] == server.requests[2:]
    assert server.requests[0].startswith(
        b"POST /api/v2/write?org=town%20%26%20co&bucket=presence&precision=s "
    )


def test_time_is_the_worlds_and_there_is_no_access_point(world):
    transport = UploadTransport(made_up(world, 1), lambda: 1700000000)
    assert transport.time_s("clock.example") == 1700000000
    assert transport.signal_dbm() == 0
