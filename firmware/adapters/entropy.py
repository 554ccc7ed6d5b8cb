"""node/ports.py: Entropy, from os.urandom().

On ESP32 that is the hardware generator, a true one while the radio is on (ESP-IDF, "Random
Number Generation"), which is enough for jitter; keys are drawn in C.
"""

import os

_LIMIT = 1 << 24


class Entropy:
    def below(self, limit: int) -> int:
        """Return a uniform integer in 0..limit-1; limit is 1..2**24."""
        if not 1 <= limit <= _LIMIT:
            raise ValueError("%d is not in 1..2**24" % limit)
        fair = _LIMIT // limit * limit  # above it, some remainders would come more often
        while True:
            number = int.from_bytes(os.urandom(3), "little")
            if number < fair:
                return number % limit
