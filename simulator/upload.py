"""A Transport that really uploads: for a simulated node with a real store, on either interpreter.

On MicroPython it uses the board's own HTTPS client, the one file of adapters/ that needs no
board; on CPython simulator/https.py, which keeps the same promises.
"""

import sys

from ..firmware.node import http

if sys.implementation.name == "micropython":
    from ..firmware.adapters.https import Https
else:
    from .https import Https


class UploadTransport:
    """node/ports.py: Transport. The network is always there, and the time is the world's own."""

    def __init__(self, identity, true_s):
        """identity: whose host, port, org, bucket, token and CA to use (node/identity.py).

        true_s: function without arguments that returns UTC of the simulated world in seconds.
        Raises IdentityError when the CA is not a certificate.
        """
        target = http.write_target(identity.org, identity.bucket)
        self._https = Https(identity.host, identity.port, target, identity.token, identity.ca_der)
        self._true_s = true_s

    def connect(self) -> None:
        """Nothing to join."""

    def time_s(self, server: str) -> int:
        """Every time server knows the world's time."""
        return self._true_s()

    def write(self, body) -> tuple:
        return self._https.post(body)

    def signal_dbm(self) -> int:
        return 0

    def disconnect(self) -> None:
        self._https.close()
