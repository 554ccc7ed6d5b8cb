"""Build the machines that tests and the demo run the node on, where they are not built yet.

    python -m torgpuls.simulator.toolchain unix|qemu|wasm …
"""

import sys
import time

from . import packages, unix

BUILDS = {"unix": unix.build}


def main(names: list[str]) -> None:
    """Build each of `names`, in one line each: what, where, how long. Exits 2 where one fails."""
    for name in names:
        if name not in BUILDS:
            sys.exit(f"set-up: nothing is called {name!r}; there are {', '.join(BUILDS)}")
        start_s = time.monotonic()
        print(f"set-up: MicroPython for {name} … ", end="", file=sys.stderr, flush=True)
        try:
            place = BUILDS[name]()
        except packages.SetUpError as error:
            print(f"failed\nset-up: {error}", file=sys.stderr)
            sys.exit(2)
        print(f"{place} ({time.monotonic() - start_s:.0f} s)", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
