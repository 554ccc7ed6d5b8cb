"""Runs on MicroPython: ask time servers as the board does. One line of JSON on stdin:
[host, port, timeout_ms]; the answer or the error comes back as JSON."""

import json
import sys

from torgpuls.firmware.adapters import sntp
from torgpuls.firmware.node import errors

host, port, timeout_ms = json.loads(sys.stdin.readline())
try:
    print(json.dumps(["time", sntp.ask(host, port, timeout_ms)]))
except errors.NetworkError as error:
    print(json.dumps(["NetworkError", str(error)]))
