"""node/ports.py: Transport, put together from a link (Wi-Fi or Ethernet), SNTP and HTTPS."""

from . import sntp


class Transport:
    """link: has join(), leave() and signal_dbm(); https: has post() and close()."""

    def __init__(self, link, https):
        self._link = link
        self._https = https

    def connect(self) -> None:
        self._link.join()

    def time_s(self, server: str) -> int:
        return sntp.ask(server)

    def write(self, body) -> tuple:
        return self._https.post(body)

    def signal_dbm(self) -> int:
        return self._link.signal_dbm()

    def disconnect(self) -> None:
        self._https.close()
        self._link.leave()
