"""The board's SNTP client against time servers on loopback, good and bad."""

import contextlib
import json
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@contextlib.contextmanager
def time_server(answer):
    """A UDP port on which `answer(question)` is sent back, nothing for None."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.settimeout(10)

    def serve():
        with contextlib.suppress(OSError):
            question, sender = udp.recvfrom(1000)
            packet = answer(question)
            if packet is not None:
                udp.sendto(packet, sender)

    thread = threading.Thread(target=serve)
    thread.start()
    port = udp.getsockname()[1]
    yield port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
        waker.sendto(b"", ("127.0.0.1", port))
    thread.join()
    udp.close()


def packet(question, *, stratum=1, code=b"GPS\0", echo=None, year_2036=False):
    """An answer by the drawing in RFC 4330, 4, to a question that must be one."""
    assert len(question) == 48 and question[0] == 0x23
    seconds = 1000 if year_2036 else int(time.time()) + 2208988800
    head = struct.pack(">BBBb8x4s8x", 0x24, stratum, 0, 0, code)
    return head + (echo or question[40:48]) + b"\0" * 8 + struct.pack(">II", seconds, 0)


@pytest.fixture
def ask(micropython):
    def run(port, host="localhost", timeout_ms=2000):
        done = subprocess.run(
            [micropython, HERE / "ask.py"],
            input=json.dumps([host, port, timeout_ms]) + "\n",
            env={"MICROPYPATH": str(ROOT / "build" / "path")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def test_a_good_server_gives_the_time(ask):
    with time_server(packet) as port:
        kind, answer = ask(port)
    assert kind == "time" and abs(answer - time.time()) < 5


def test_the_era_after_2036_is_understood(ask):
    with time_server(lambda question: packet(question, year_2036=True)) as port:
        assert ask(port) == ["time", 2085978496 + 1000]


REFUSED = {
    "a stranger's answer": (lambda question: packet(question, echo=b"whatever"), "another question"),
    "kiss of death": (lambda question: packet(question, stratum=0, code=b"RATE"), "refuses this node (RATE)"),
    "too short": (lambda question: b"hello", "too short"),
    "silence": (lambda question: None, "does not answer: let UDP port 123 through"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_answer_not_to_be_believed_is_named(ask, case):
    answer, words = REFUSED[case]
    with time_server(answer) as port:
        kind, text = ask(port, timeout_ms=500)
    assert kind == "NetworkError" and text.startswith("localhost: the time server") and words in text


def test_a_closed_port_and_an_unknown_name_are_network_errors(ask):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert ask(port)[0] == "NetworkError"
    kind, text = ask(123, host="no-such-host.invalid")
    assert kind == "NetworkError" and "name is not known" in text
