"""Randomness that is the same in every run."""


class SeededEntropy:
    """The Entropy port."""

    def __init__(self, seed: int = 1):
        self._state = seed

    def below(self, limit: int) -> int:
        # A linear congruential generator (ISO C's example); its high bits are the good ones.
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 7) % limit
