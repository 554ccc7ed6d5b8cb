"""Runs on MicroPython: upload two bodies as a simulated node. One line of JSON on stdin: the
identity sector in hex; one line of JSON per body comes back."""

import binascii
import json
import sys

from torgpuls.firmware.node import identity
from torgpuls.simulator.upload import UploadTransport

who = identity.read(binascii.unhexlify(json.loads(sys.stdin.readline())))
transport = UploadTransport(who, lambda: 1700000000)
transport.connect()
for body in (b"one", b"two"):
    print(json.dumps(list(transport.write(body))))
transport.disconnect()
assert transport.time_s("clock.example") == 1700000000 and transport.signal_dbm() == 0
