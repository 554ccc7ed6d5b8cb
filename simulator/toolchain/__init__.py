"""The machines that the node is tried on beside CPython: three builds of MicroPython."""
