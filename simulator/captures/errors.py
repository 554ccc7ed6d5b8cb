"""What is wrong with a capture, in one line for the person who named it."""

from torgpuls.firmware.node.errors import PersonError


class CaptureError(PersonError):
    """CaptureError("day.pcap", "is empty: …"): the text names the file, the fault and the remedy."""

    def __init__(self, name: str, problem: str):
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem
