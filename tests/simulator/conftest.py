"""The fixtures of everything that plays captures."""

from captures.fixtures import interpreter, made_up, shared_data

__all__ = ["interpreter", "made_up", "shared_data"]
