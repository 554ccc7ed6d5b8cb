"""Joining a Wi-Fi network, and what a person reads when that fails."""

import types

import pytest
from torgpuls.firmware.node import errors

from .board_modules import Ticking, load


class Wlan:
    """network.WLAN as ports/esp32/network_wlan.c behaves: status() keeps an earlier reason."""

    IF_STA, PM_NONE = 0, 0

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.reason = 1000  # idle
        self.joins_after_ms = [None]  # per attempt; None: never
        self.refuses_with = None
        self.associates = True
        self.lingers_ms = 0  # how long the association outlives disconnect()
        self._since_ms = None
        self._left_ms = None

    def __call__(self, interface):
        assert interface == self.IF_STA
        return self

    def active(self, on):
        self.calls.append(("active", on))

    def config(self, **options):
        self.calls.append(("config", options))

    def connect(self, ssid, key):
        if self.refuses_with:
            raise self.refuses_with
        self.calls.append(("connect", ssid, key))
        self._since_ms = self.clock.uptime_ms
        self._takes_ms = self.joins_after_ms.pop(0) if self.joins_after_ms else None

    def isconnected(self):
        if self._since_ms is None or self._takes_ms is None:
            return False
        return self.clock.uptime_ms - self._since_ms >= self._takes_ms

    def is_associated(self):
        if self._since_ms is not None:
            return self.associates
        return self._left_ms is not None and self.clock.uptime_ms - self._left_ms < self.lingers_ms

    def status(self, what=None):
        if what == "rssi":
            if not self.is_associated():
                raise OSError("Wifi Not Connected")
            return -61
        return self.reason

    def disconnect(self):
        self.calls.append(("disconnect",))
        if self._since_ms is None:
            raise OSError("Wifi Not Started")
        self._since_ms = None
        self._left_ms = self.clock.uptime_ms


@pytest.fixture
def station(monkeypatch):
    clock = Ticking()
    wlan = Wlan(clock)
    fed_ms = []
    sniffer = types.SimpleNamespace(
        listen=lambda channel, ms: wlan.calls.append(("listen", ms)),
        stop=lambda: wlan.calls.append(("stop",)),
    )
    network = types.SimpleNamespace(WLAN=wlan)
    adapter = load(monkeypatch, "wifi", clock, network=network, _sniffer=sniffer)
    link = adapter.Wifi("town hall", "open sesame", lambda: fed_ms.append(clock.uptime_ms))
    return types.SimpleNamespace(clock=clock, wlan=wlan, link=link, fed_ms=fed_ms, adapter=adapter)


def attempts(wlan):
    return [call for call in wlan.calls if call[0] == "connect"]


def test_the_station_starts_without_reconnecting_and_without_power_save(station):
    assert station.wlan.calls[:2] == [("active", True), ("config", {"reconnects": 0, "pm": 0})]


def test_the_sniffer_sets_the_country_before_the_first_join_and_hears_nothing(station):
    # esp_wifi.h: by default the driver keeps to channels 1 to 11; test_esp32_port.py has the other half.
    station.wlan.joins_after_ms = [0]
    station.link.join()
    names = [call[0] for call in station.wlan.calls]
    assert ("listen", 0) in station.wlan.calls
    assert names.index("config") < names.index("listen") < names.index("stop") < names.index("connect")


def test_it_joins_and_gives_the_signal(station):
    station.wlan.joins_after_ms = [3000]
    station.link.join()
    assert attempts(station.wlan) == [("connect", "town hall", "open sesame")]
    assert station.link.signal_dbm() == -61


def test_an_open_network_is_joined_without_a_password(station):
    station.wlan.joins_after_ms = [0]
    station.adapter.Wifi("guests", "", lambda: None).join()
    assert attempts(station.wlan) == [("connect", "guests", None)]


def test_a_lost_first_attempt_is_made_again(station):
    station.wlan.joins_after_ms = [None, 1000]
    station.link.join()
    assert len(attempts(station.wlan)) == 2


def test_a_reason_left_over_from_before_does_not_end_a_new_attempt(station):
    station.wlan.reason = 201
    station.wlan.joins_after_ms = [5000]
    station.link.join()


def test_waiting_is_bounded_and_feeds_the_watchdog(station):
    with pytest.raises(errors.NetworkError):
        station.link.join()
    assert station.clock.uptime_ms < 30_000
    gaps = [later - earlier for earlier, later in zip(station.fed_ms, station.fed_ms[1:], strict=False)]
    assert max(gaps) <= 1000


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        # esp_wifi_types_generic.h: AUTH_EXPIRE, 4WAY_HANDSHAKE_TIMEOUT, AUTH_FAIL, HANDSHAKE_TIMEOUT
        (2, "check the password"),
        (15, "check the password"),
        (202, "check the password"),
        (204, "check the password"),
        (201, "no access point with this name: check the name"),  # NO_AP_FOUND
        (203, "raise its limit of stations"),  # ASSOC_FAIL
        (211, "use WPA2 or WPA3"),  # NO_AP_FOUND_IN_AUTHMODE_THRESHOLD
        (1001, "no address (status 1001): check the access point and its DHCP"),  # STAT_CONNECTING
    ],
)
def test_a_failure_names_the_network_and_what_to_do(station, reason, words):
    station.wlan.reason = reason
    with pytest.raises(errors.NetworkError) as raised:
        station.link.join()
    assert str(raised.value).startswith("Wi-Fi town hall: ") and words in str(raised.value)
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize("error", [OSError("Wifi SSID Invalid"), RuntimeError("Wifi Unknown Error 0x3001")])
def test_what_the_driver_refuses_is_a_network_error_too(station, error):
    station.wlan.refuses_with = error
    with pytest.raises(errors.NetworkError, match=str(error)):
        station.link.join()


def test_after_a_failure_the_station_is_left_alone_and_still_started(station):
    with pytest.raises(errors.NetworkError):
        station.link.join()
    assert station.wlan.calls[-1] == ("disconnect",)
    assert ("active", False) not in station.wlan.calls


def test_a_station_without_an_address_is_left_only_when_it_is_no_longer_associated(station):
    # The sniffer does not start beside an association, address or not.
    station.wlan.lingers_ms = 300
    with pytest.raises(errors.NetworkError):
        station.link.join()
    assert not station.wlan.is_associated()


def test_an_association_that_does_not_end_is_waited_for_two_seconds(station):
    station.wlan.joins_after_ms = [0]
    station.link.join()
    station.wlan.lingers_ms = 60_000
    before_ms = station.clock.uptime_ms
    station.link.leave()
    assert 2000 <= station.clock.uptime_ms - before_ms <= 2200


def test_leaving_never_raises(station):
    station.link.leave()
    assert station.link.signal_dbm() == 0
