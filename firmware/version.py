"""The firmware's version: three numbers below 256; tests hold it to pyproject.toml."""

VERSION = "0.1.0"
