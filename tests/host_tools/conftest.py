"""The fixtures of commands that play captures."""

from captures.fixtures import interpreter, made_up

__all__ = ["interpreter", "made_up"]
