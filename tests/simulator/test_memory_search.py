"""After a window closed, nothing of it is left in a MicroPython node's memory.

Every byte that the process can write is searched while the node waits: for each address that was
played (as it was on the air, backwards, and as text), each SSID, and the window's key.
"""

import json
import random
import re
from pathlib import Path

import pytest
from captures import formats
from captures.fixtures import BEGIN_S, need_micropython
from torgpuls.simulator.captures.timeline import Reading, Timeline
from torgpuls.simulator.interpreter import micropython

WINDOW_S = 60
KEY_SEED = 0x0123456789ABCDEF
# Tells each report and waits for a line; `control` shows that the search finds what is there.
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from torgpuls.simulator import play
plan = json.loads(sys.stdin.readline())
control = bytes(plan["control"])
def tell(values):
    print(values["window_start_s"])
    sys.stdin.readline()
play.play(plan["descriptor"], plan["spans"], plan["settings"], tell)
print("ended")
sys.stdin.readline()
"""


def addresses(seed, count):
    draw = random.Random(seed)
    return [b"\x02" + draw.randbytes(5) for _ in range(count)]


def ssid(address):
    return b"net-" + address.hex()[2:].encode()[::-1]


def probe(address):
    header = b"\x40\0\0\0" + b"\xff" * 6 + address + b"\xff" * 6 + b"\0\0"
    return header + b"\0" + bytes((len(ssid(address)),)) + ssid(address) + b"\1\1\2"


def trace_of(windows):
    """A trace in which window i hears each address of windows[i] twice, more than 15 s apart."""
    packets = []
    for index, heard in enumerate(windows):
        begin_s = BEGIN_S - formats.START_S + index * WINDOW_S
        for number, address in enumerate(heard):
            for at_s in (number * 20 / len(heard), 30 + number * 20 / len(heard)):
                packets.append((begin_s + at_s, formats.radiotap(-50) + probe(address)))
    timeline = Timeline(Reading())
    timeline.add_content(Path("made"), formats.pcap(sorted(packets)))
    return timeline.trace(KEY_SEED)


def memory_of(pid):
    """Return what the process can have written: its writable mappings, without runs of zeros."""
    pieces = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if rights[1] == "w":
                memory.seek(int(begin, 16))
                pieces += re.split(rb"\0{64,}", memory.read(int(end, 16) - int(begin, 16)))
    return b"\0".join(pieces)


def forms(address):
    text = address.hex()
    pairs = ":".join(text[i : i + 2] for i in range(0, 12, 2))
    texts = (text, text.upper(), pairs, pairs.upper())
    return [address, address[::-1], ssid(address), *(form.encode() for form in texts)]


def found(needles, memory):
    return [needle for needle in needles if needle in memory]


def siphash(key, message):
    """SipHash-2-4 as its paper states it (Aumasson, Bernstein 2012), for messages below 8 bytes."""
    mask = (1 << 64) - 1
    k0, k1 = key
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turned(x, by):
        return (x << by | x >> 64 - by) & mask

    def rounds(count):
        for _ in range(count):
            v[0], v[2] = (v[0] + v[1]) & mask, (v[2] + v[3]) & mask
            v[1], v[3] = turned(v[1], 13) ^ v[0], turned(v[3], 16) ^ v[2]
            v[0] = turned(v[0], 32)
            v[2], v[0] = (v[2] + v[1]) & mask, (v[0] + v[3]) & mask
            v[1], v[3] = turned(v[1], 17) ^ v[2], turned(v[3], 21) ^ v[0]
            v[2] = turned(v[2], 32)

    last = int.from_bytes(message, "little") | len(message) << 56
    v[3] ^= last
    rounds(2)
    v[0] ^= last
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def window_key(number):
    """The key of a trace's window `number`, as firmware/sniffer/port_host.c derives it from the seed."""
    return bytes(siphash((KEY_SEED, number), bytes((place,))) & 0xFF for place in range(16))


def test_the_reference_hash_is_siphash_2_4():
    # The first vectors of the authors' reference implementation (vectors.h, key 00..0f), as numbers.
    key = tuple(int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8))
    assert siphash(key, b"") == 0x726FDB47DD0E0E31
    assert siphash(key, bytes(range(7))) == 0xAB0200F58B01D137


@pytest.fixture
def node():
    """node(windows): a generator that gives the process at every report, and once more at the end."""
    need_micropython()

    def played(windows, control):
        with trace_of(windows) as trace, micropython(PROGRAM, (trace.fileno(),)) as process:
            plan = {
                "descriptor": trace.fileno(),
                "spans": [[BEGIN_S * 1000, (BEGIN_S + len(windows) * WINDOW_S) * 1000]],
                "settings": {"place": "lab", "channels": [1], "dwell_ms": 5000, "window_s": WINDOW_S},
                "control": list(control),
            }
            process.stdin.write(json.dumps(plan).encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                yield line.strip(), memory_of(process.pid)
                process.stdin.write(b"\n")
                process.stdin.flush()

    return played


def test_no_address_no_ssid_and_no_key_of_a_closed_window_is_in_the_nodes_memory(node):
    windows = [addresses(seed, 100) for seed in (1, 2, 3)]
    control = addresses(9, 1)[0]
    closed = 0
    for said, memory in node(windows, control):
        closed = len(windows) if said == b"ended" else closed + 1
        assert found([control], memory) == [control]
        past = [form for window in windows[:closed] for address in window for form in forms(address)]
        assert found(past, memory) == []
        assert found([window_key(number) for number in range(closed)], memory) == []
        if said != b"ended" and closed < len(windows):
            # The window that is open has its key there: the search finds keys, and the right ones.
            assert found([window_key(closed)], memory) == [window_key(closed)]
    assert said == b"ended"
