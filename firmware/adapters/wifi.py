"""The way home over Wi-Fi: joined for an upload, left again so that the radio can listen.

Written against MicroPython's docs "network.WLAN" and ports/esp32/network_wlan.c. Surprising:
- With reconnects other than 0 the driver rejoins by itself for ever, and a station that joins
  cannot change channels: so 0, and the second attempt is made here.
- status() keeps the reason of an earlier failure while a new attempt runs, so only
  isconnected() says when to go on, and status() only why it did not come to that.
- isconnected() means "has an address", not merely associated; status("rssi") fails unless associated,
  which is what the sniffer asks too before it starts the radio.
- network.country() does not reach the radio on ESP32; the sniffer sets the country in C. Until then
  the driver keeps to channels 1 to 11 (esp_wifi.h: the default country is "01").
- The driver's errors are OSError with text, or RuntimeError with a number.
"""

import time

import _sniffer
import network

from ..node import errors

ATTEMPTS = 2
ATTEMPT_MS = 10000  # scan of 13 channels, association, DHCP
_LEAVE_MS = 2000
_STEP_MS = 50

# wifi_err_reason_t of ESP-IDF's esp_wifi_types_generic.h
_REASONS = {
    2: "password",  # AUTH_EXPIRE
    15: "password",  # 4WAY_HANDSHAKE_TIMEOUT
    200: "beacons lost: move node and access point closer",
    201: "no access point with this name: check the name and the distance (2.4 GHz only)",
    202: "password",  # AUTH_FAIL
    203: "the access point has no room: raise its limit of stations",
    204: "password",  # HANDSHAKE_TIMEOUT
    205: "the access point refused: check its list of allowed stations",
    210: "no access point with fitting security: use WPA2 or WPA3 with a password",
    211: "no access point with fitting security: use WPA2 or WPA3 with a password",
    212: "the access point's signal is too weak: move node and access point closer",
}
_PASSWORD = "not let in: check the password"


def station():
    """Return the station interface, started and not connected, as the sniffer needs it."""
    wlan = network.WLAN(network.WLAN.IF_STA)
    wlan.active(True)
    # pm off: in power save the radio sleeps between beacons and hears nobody.
    wlan.config(reconnects=0, pm=network.WLAN.PM_NONE)
    return wlan


class Wifi:
    """One network with one password; transmission power stays at the driver's default."""

    def __init__(self, ssid: str, password: str, feed):
        """feed: called between steps of waiting, so that the watchdog sees progress."""
        self._ssid = ssid
        self._password = password
        self._feed = feed
        self._wlan = station()
        # Sets the country, without which an access point on channel 12 or 13 is never found: the node
        # must come home once before it may listen.
        _sniffer.listen(1, 0)
        _sniffer.stop()

    def join(self) -> None:
        """Join and get an address. Raises NetworkError that says why not."""
        for _ in range(ATTEMPTS):
            self.leave()
            try:
                self._wlan.connect(self._ssid, self._password or None)
            except (OSError, RuntimeError) as error:
                raise self._failure(str(error))
            if self._wait(self._wlan.isconnected, ATTEMPT_MS):
                return
        reason = self._wlan.status()
        self.leave()
        text = _REASONS.get(reason, "no address (status %d): check the access point and its DHCP" % reason)
        raise self._failure(_PASSWORD if text == "password" else text)

    def signal_dbm(self) -> int:
        """Return the access point's RSSI, 0 when not connected."""
        try:
            return self._wlan.status("rssi")
        except (OSError, RuntimeError):
            return 0

    def leave(self) -> None:
        """Disconnect; the station stays started. Never raises."""
        try:
            self._wlan.disconnect()
        except (OSError, RuntimeError):
            pass  # it was not connected
        self._wait(self._is_left, _LEAVE_MS)

    def _is_left(self) -> bool:
        return not self._wlan.isconnected() and self.signal_dbm() == 0

    def _wait(self, condition, limit_ms: int) -> bool:
        start = time.ticks_ms()
        while not condition():
            if time.ticks_diff(time.ticks_ms(), start) > limit_ms:
                return False
            self._feed()
            time.sleep_ms(_STEP_MS)
        return True

    def _failure(self, text: str) -> errors.NetworkError:
        return errors.NetworkError("Wi-Fi " + self._ssid + ": " + text)
