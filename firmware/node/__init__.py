"""The node: plain Python that knows no hardware; runs unchanged on MicroPython and CPython."""
