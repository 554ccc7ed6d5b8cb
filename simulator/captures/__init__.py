"""Captures of probe requests become the one trace that the simulated radio plays."""
