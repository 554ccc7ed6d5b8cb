"""Runs tests/node on MicroPython: every function `test_*` of the modules that are named.

On MicroPython:  micropython tests/micropython/runner.py test_outbox test_report …
(sys.path must hold build/path and tests, which hold `torgpuls` and `node`). Prints each failure
with its traceback, then "N passed, N failed"; the exit code is 1 when one failed.
"""

import gc
import sys


def run(names: list) -> int:
    """Run the tests of the modules `node.<name>`; return how many failed."""
    passed = 0
    failed = 0
    for name in names:
        module = getattr(__import__("node." + name), name)
        for attribute in sorted(dir(module)):
            if not attribute.startswith("test_"):
                continue
            gc.collect()
            try:
                getattr(module, attribute)()
                passed += 1
            except Exception as error:
                failed += 1
                print("FAILED", name + "." + attribute)
                sys.print_exception(error)
    print(passed, "passed,", failed, "failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1:]) else 0)
