"""Flash as a world: erase makes ones, bits only fall, and the power fails where it hurts."""


class PowerCut(Exception):
    """The power failed: whatever ran on the node is gone, only flash remains.

    Not a NodeError: no code of the node may catch it.
    """


# How much of the operation is done when the power fails.
TEAR_BEFORE = 0  # nothing
TEAR_FIRST_HALF = 1  # the first half of its bytes
TEAR_MIX = 2  # about half of the bits that it would change, here and there
TEAR_AFTER = 3  # all of it, but the caller never hears of it
TEARS = (TEAR_BEFORE, TEAR_FIRST_HALF, TEAR_MIX, TEAR_AFTER)

_MIX = 0x9E3779B1  # an odd constant: spreads consecutive integers over 32 bits (Knuth, TAOCP 3, 6.4)


class RamFlash:
    """The Flash port in memory. operations: programs and erases so far; erases[i]: of sector i.

    before: called with (offset, wanted bytes) before each operation changes anything, if set;
    torn() then tells what memory would be after a power cut in that operation.
    """

    sector_size = 4096

    def __init__(self, size: int, contents=None):
        """contents: `size` bytes to begin with; erased when None."""
        self.size = size
        self.memory = bytearray(b"\xff" * size if contents is None else contents)
        self.operations = 0
        self.erases = [0] * (size // self.sector_size)
        self.before = None
        self._cut_at = -1
        self._tear = TEAR_BEFORE

    def cut_power(self, at: int, tear: int) -> None:
        """Raise PowerCut in operation number `at` (0 = the next), torn as said, and ever after."""
        self._cut_at = self.operations + at
        self._tear = tear

    def read(self, offset: int, into) -> None:
        self._check(offset, len(into))
        into[:] = self.memory[offset : offset + len(into)]

    def program(self, offset: int, data) -> None:
        self._check(offset, len(data))
        here = memoryview(self.memory)[offset : offset + len(data)]
        self._operate(offset, bytes([here[i] & data[i] for i in range(len(data))]))

    def erase(self, offset: int) -> None:
        if offset % self.sector_size:
            raise ValueError(f"erase at {offset} is not the start of a sector")
        self._check(offset, self.sector_size)
        self.erases[offset // self.sector_size] += 1
        self._operate(offset, b"\xff" * self.sector_size)

    def torn(self, offset: int, wanted, tear: int) -> bytearray:
        """Return a copy of memory as it is when the power fails while `wanted` goes to `offset`."""
        memory = bytearray(self.memory)
        _apply(memory, offset, wanted, tear)
        return memory

    def _operate(self, offset: int, wanted) -> None:
        if self.before is not None:
            self.before(offset, wanted)
        if 0 <= self._cut_at <= self.operations:
            if self._cut_at == self.operations:
                _apply(self.memory, offset, wanted, self._tear)
                self.operations += 1
            raise PowerCut(f"in flash operation {self._cut_at}")
        self.operations += 1
        self.memory[offset : offset + len(wanted)] = wanted

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or offset + size > self.size:
            raise ValueError(f"{offset}..{offset + size} is outside the partition")


def _apply(memory, offset: int, wanted, tear: int) -> None:
    size = len(wanted)
    if tear == TEAR_BEFORE:
        return
    if tear == TEAR_FIRST_HALF and size > 1:
        size //= 2
    for i in range(size):
        old = memory[offset + i]
        changed = old ^ wanted[i]
        if tear == TEAR_MIX or (tear == TEAR_FIRST_HALF and len(wanted) == 1):
            changed &= ((offset + i) * _MIX >> 13) & 0xFF if size > 1 else 0x55
        memory[offset + i] = old ^ changed
