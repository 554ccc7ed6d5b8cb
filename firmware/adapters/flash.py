"""node/ports.py: Flash, over one partition of the board's partitions.csv.

MicroPython's docs "esp32.Partition" and the block protocol of "vfs.AbstractBlockDev": with an
offset, even 0, writeblocks() programs without erasing; without one it erases first. ioctl 6
erases one block.
"""

import esp32

from ..node import errors

_ERASE = 6


class Flash:
    """A data partition, found by its label."""

    sector_size = 4096

    def __init__(self, label: str):
        """Raises FlashError when the board's partition table has no such partition."""
        found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
        if not found:
            raise errors.FlashError("no partition " + label + ": flash this board's own image")
        self._label = label
        self._partition = found[0]
        self.size = found[0].info()[3]

    def read(self, offset: int, into) -> None:
        try:
            self._partition.readblocks(offset // self.sector_size, into, offset % self.sector_size)
        except OSError as error:
            raise self._failure("read", offset, error)

    def program(self, offset: int, data) -> None:
        try:
            self._partition.writeblocks(offset // self.sector_size, data, offset % self.sector_size)
        except OSError as error:
            raise self._failure("program", offset, error)

    def erase(self, offset: int) -> None:
        if offset % self.sector_size:
            raise ValueError("no sector starts at %d" % offset)
        try:
            self._partition.ioctl(_ERASE, offset // self.sector_size)
        except OSError as error:
            raise self._failure("erase", offset, error)

    def _failure(self, what: str, offset: int, error) -> errors.FlashError:
        return errors.FlashError("%s: cannot %s at %d (%s)" % (self._label, what, offset, error))
