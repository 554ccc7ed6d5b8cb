"""Asks a time server over UDP; what its answer is worth is decided in node/sntp.py."""

import os
import select
import socket
import time

from ..node import errors, sntp

TIMEOUT_MS = 3000


def ask(server: str, port: int = sntp.PORT, timeout_ms: int = TIMEOUT_MS) -> int:
    """Return UTC in seconds since 1970 by one SNTP server. Raises NetworkError."""
    try:
        found = socket.getaddrinfo(server, port, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        found = ()
    if not found:
        raise errors.NetworkError(
            server + ": the time server's name is not known: check it and the DNS server"
        )
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        return _ask(udp, found[0][-1], timeout_ms)
    except OSError:
        raise errors.NetworkError(server + ": the time server cannot be reached: let UDP port 123 through")
    except errors.NetworkError as error:
        raise errors.NetworkError(server + ": " + str(error))
    finally:
        udp.close()


def _ask(udp, address, timeout_ms: int) -> int:
    nonce = os.urandom(sntp.NONCE_SIZE)
    udp.setblocking(False)
    udp.connect(address)  # from here on only this server's packets come in
    start = time.ticks_ms()
    udp.send(sntp.question(nonce))
    poll = select.poll()
    poll.register(udp, select.POLLIN)
    if not poll.poll(timeout_ms):
        raise errors.NetworkError("the time server does not answer: let UDP port 123 through")
    packet = udp.recv(2 * sntp.PACKET_SIZE)
    return sntp.unix_s(packet, nonce, time.ticks_diff(time.ticks_ms(), start))
