"""The way home over a cable: the link stays up, so joining only waits for an address.

Written against MicroPython's docs "network.LAN" (ports/esp32/network_lan.c): constructing
twice returns the first interface; PHY constants are attributes of `network`; status() is one
of network.ETH_*.
"""

import time

import machine
import network

from ..node import errors
from . import wifi

_JOIN_MS = 15000  # link negotiation and DHCP
_STEP_MS = 50


class Ethernet:
    """The board's RMII Ethernet."""

    def __init__(self, pins: dict, feed):
        """pins: ETHERNET of the board's board.py; feed: called between steps of waiting."""
        self._feed = feed
        # The radio only listens here, but for that its station must be started all the same.
        wifi.station()
        arguments = {}
        for name in ("mdc", "mdio", "power", "reset", "ref_clk"):
            if pins.get(name) is not None:
                arguments[name] = machine.Pin(pins[name])
        if pins.get("ref_clk") is not None:
            arguments["ref_clk_mode"] = machine.Pin.OUT if pins["ref_clk_out"] else machine.Pin.IN
        arguments["phy_type"] = getattr(network, pins["phy"])
        arguments["phy_addr"] = pins["phy_address"]
        self._lan = network.LAN(**arguments)
        self._lan.active(True)

    def join(self) -> None:
        """Wait until there is an address. Raises NetworkError."""
        start = time.ticks_ms()
        while not self._lan.isconnected():
            if time.ticks_diff(time.ticks_ms(), start) > _JOIN_MS:
                if self._lan.status() in (network.ETH_CONNECTED, network.ETH_GOT_IP):
                    raise errors.NetworkError("Ethernet: no address: check the network's DHCP server")
                raise errors.NetworkError("Ethernet: no link: check the cable and the switch")
            self._feed()
            time.sleep_ms(_STEP_MS)

    def signal_dbm(self) -> int:
        """Return 0: a cable has no signal strength."""
        return 0

    def leave(self) -> None:
        """The cable stays; it does not disturb the radio."""
