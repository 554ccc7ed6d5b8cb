"""Worlds for the node: the ports of `firmware/node/ports.py` without hardware."""
