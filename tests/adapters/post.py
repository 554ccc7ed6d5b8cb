"""Runs on MicroPython: post some bodies with the node's HTTPS client, print what came of each.

One line of JSON on stdin: [host, port, file with the CA's DER, timeout_ms, [body, …]]; one line
of JSON per body comes back.
"""

import json
import sys

from torgpuls.firmware.adapters import https
from torgpuls.firmware.node import errors


def main(host, port, ca, timeout_ms, bodies):
    with open(ca, "rb") as file:
        der = file.read()
    try:
        client = https.Https(host, port, "/write?a=b", "secret", der, timeout_ms)
        for body in bodies:
            try:
                print(json.dumps(["answer"] + list(client.post(body.encode()))))
            except errors.WorldError as error:
                print(json.dumps([type(error).__name__, str(error)]))
        client.close()
    except errors.IdentityError as error:
        print(json.dumps([type(error).__name__, str(error)]))


main(*json.loads(sys.stdin.readline()))
