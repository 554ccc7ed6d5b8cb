"""Any bytes at all are safe to read as a capture."""

import subprocess
from pathlib import Path

import pytest
from captures import formats
from captures.formats import PROBE
from torgpuls.simulator.captures.library import FOLDER
from torgpuls.simulator.captures.timeline import Timeline

ROUNDS = 100_000


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    program = tmp_path_factory.mktemp("fuzz") / "captures_fuzz"
    sources = [*sorted(FOLDER.glob("*.c")), Path(__file__).with_name("captures_fuzz.c")]
    flags = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{FOLDER}"]
    subprocess.run(["cc", *flags, *map(str, sources), "-o", str(program)], check=True)
    return program


def seed(kind):
    words = formats.struct.pack("<BBHIIIB", 0, 0, 18, 1 << 31 | 1 << 30 | 2, 1 << 31 | 1 << 29, 1 << 5, 0x10)
    extended = words + b"\0" + b"\xaa\xbb\xcc\0\0\0" + b"\xc0"
    extended = extended[:2] + len(extended).to_bytes(2, "little") + extended[4:]
    frames = [formats.radiotap(flags=0x10) + formats.with_fcs(PROBE), extended + PROBE]
    if kind == "pcapng":
        options = formats.option(9, b"\x09") + formats.option(14, b"\0" * 8) + formats.option(0, b"")
        content = formats.section() + formats.interface(options=options) + formats.block(5, b"\0" * 12)
        return content + b"".join(formats.packet(0, 10**18 + i, frame) for i, frame in enumerate(frames))
    if kind == "table":
        line = b"1700000000000001,02a1b2c3d4e5,-81,2412,452,3,8,38,0,0\n"
        return line + line.replace(b",0,0\n", b",2,1\r\n")
    content = formats.pcap(list(enumerate(frames)))
    if kind == "pcap":
        return content
    timeline = Timeline()
    timeline.add_content("capture", content)
    with timeline.trace() as trace:
        trace.seek(0)
        return trace.read()


@pytest.mark.parametrize("kind", ["pcap", "pcapng", "trace", "table"])
def test_mutated_captures_never_make_a_reader_leave_its_memory(fuzzer, tmp_path, kind):
    (tmp_path / "seed").write_bytes(seed(kind))
    done = subprocess.run([fuzzer, kind, str(ROUNDS), tmp_path / "seed"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
