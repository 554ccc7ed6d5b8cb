"""The node's errors, one class per who must act."""


class NodeError(Exception):
    """Anything that the node raises on purpose."""


class WorldError(NodeError):
    """The world failed: carry on, count it, try again."""


class NetworkError(WorldError):
    """No network, no name, no answer, connection lost."""


class TrustError(WorldError):
    """The server's certificate or name is not the one that this node trusts."""


class FlashError(WorldError):
    """Flash did not take what was written."""


class PersonError(NodeError):
    """A person can fix it: the text says what to change."""


class ConfigError(PersonError):
    """A setting is wrong: ConfigError("window_s", "5 is not in 60..3600")."""

    def __init__(self, name: str, problem: str):
        super().__init__(name + ": " + problem)
        self.name = name
        self.problem = problem


class IdentityError(PersonError):
    """The identity sector is missing, damaged or of another layout."""
