"""A whole world for one node: what most tests of the node's life begin with."""

from node.test_identity import made
from torgpuls.firmware.node import app, config, ports, report
from torgpuls.simulator import clock, entropy, flash, network, silent, system

START_S = 1760000100 // 300 * 300
BUILD_S = START_S - 3600
FIRMWARE = report.version_number("1.2.3")


class World:
    """Ports, and the node that lives behind them; start() again is a power cycle."""

    def __init__(
        self, start_s=START_S, sectors=8, node="kiosk-7", transport=None, keep=False, counts=None, **settings
    ):
        settings.setdefault("dwell_ms", 20000)
        self.settings = config.check(settings)
        self.identity = made(node=node)
        self.clock = clock.VirtualClock(start_s * 1000)
        self.flash = flash.RamFlash(sectors * 4096)
        self.network = network.RecordingNetwork(self.clock) if transport is None else transport
        self.keep = keep
        self.counts = counts
        self.start()

    def start(self, known=False, reason=report.RESET_POWER_ON):
        """Power the node on: RAM is new, flash and the world are as they were."""
        if not known:
            self.clock = clock.VirtualClock(self.clock.true_ms)
        self.network._clock = self.clock
        self.network.disconnect()
        self.radio = silent.SilentRadio(self.clock, self.counts, self.keep)
        self.system = system.SimulatedSystem(self.clock, reason)
        self.ports = ports.Ports(
            self.radio, self.flash, self.clock, self.network, entropy.SeededEntropy(), self.system
        )
        self.node = app.Node(self.ports, self.identity, self.settings, BUILD_S, FIRMWARE)

    def without_power(self, seconds):
        """Cut the power; the node is gone, time passes, start() comes next."""
        self.node = None
        self.clock.on_pass = None
        self.clock.pass_ms(seconds * 1000)

    def live(self, seconds):
        """Let the node live for that long."""
        end_ms = self.clock.true_ms + seconds * 1000
        while self.clock.true_ms < end_ms:
            self.node.turn()

    def rows(self):
        return self.network.rows()


def neighbours(items):
    """Return [(first, second), (second, third), …]."""
    return [(items[i], items[i + 1]) for i in range(len(items) - 1)]
