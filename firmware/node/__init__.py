"""The node: plain Python that knows no hardware and runs unchanged on MicroPython and CPython."""
