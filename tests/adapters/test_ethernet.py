"""The cable: the radio's station is started for the sniffer, and only the cable is joined."""

import types

import pytest
from torgpuls.boards.olimex_esp32_poe import board
from torgpuls.firmware.node import errors

from .board_modules import Ticking, load


class Lan:
    """network.LAN as docs "network.LAN" and ports/esp32/network_lan.c say."""

    def __init__(self, clock):
        self.clock = clock
        self.address_after_ms = None
        self.link = True
        self.arguments = None
        self.is_active = False

    def __call__(self, **arguments):
        self.arguments = arguments
        return self

    def active(self, on):
        self.is_active = on

    def isconnected(self):
        after_ms = self.address_after_ms
        return self.is_active and after_ms is not None and self.clock.uptime_ms >= after_ms

    def status(self):
        return Network.ETH_CONNECTED if self.link else Network.ETH_DISCONNECTED


class Station:
    IF_STA, PM_NONE = 0, 0

    def __init__(self):
        self.calls = []

    def __call__(self, interface):
        return self

    def __getattr__(self, name):
        return lambda *args, **options: self.calls.append(name)


class Network:
    PHY_LAN8720, ETH_CONNECTED, ETH_DISCONNECTED, ETH_GOT_IP = 1, 4, 5, 6


class Pin:
    IN, OUT = 1, 3

    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        return self.number == other


@pytest.fixture
def cable(monkeypatch):
    clock = Ticking()
    lan, station = Lan(clock), Station()
    network = types.SimpleNamespace(LAN=lan, WLAN=station, **vars(Network))
    modules = {
        "network": network,
        "machine": types.SimpleNamespace(Pin=Pin),
        "_sniffer": types.SimpleNamespace(),
    }
    adapter = load(monkeypatch, "ethernet", clock, **modules)
    link = adapter.Ethernet(board.ETHERNET, lambda: None)
    return types.SimpleNamespace(clock=clock, lan=lan, station=station, link=link)


def test_the_boards_pins_reach_the_driver(cable):
    # docs "Quick reference for the ESP32", Olimex ESP32-POE
    assert cable.lan.arguments == {
        "mdc": 23,
        "mdio": 18,
        "power": 12,
        "ref_clk": 17,
        "ref_clk_mode": Pin.OUT,
        "phy_type": Network.PHY_LAN8720,
        "phy_addr": 0,
    }
    assert cable.lan.is_active


def test_the_radio_is_started_and_never_joins_anything(cable):
    cable.lan.address_after_ms = 0
    cable.link.join()
    cable.link.leave()
    assert cable.station.calls == ["active", "config"]


def test_it_waits_for_an_address(cable):
    cable.lan.address_after_ms = 4000
    cable.link.join()
    assert 4000 <= cable.clock.uptime_ms < 5000
    assert cable.link.signal_dbm() == 0


@pytest.mark.parametrize(("link", "words"), [(True, "no address: check .* DHCP"), (False, "check the cable")])
def test_a_cable_without_network_is_a_network_error_after_a_while(cable, link, words):
    cable.lan.link = link
    with pytest.raises(errors.NetworkError, match=words):
        cable.link.join()
    assert cable.clock.uptime_ms < 20_000
