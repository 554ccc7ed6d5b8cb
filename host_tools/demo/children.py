"""The demo's other processes: started with their output in files, and all ended at the end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from torgpuls.host_tools.errors import UserError

ASK_S = 5.0  # between asking a process to end and ending it
TORGPULS = (sys.executable, "-m", "torgpuls.host_tools.cli")


class Child(NamedTuple):
    """One running `torgpuls …`; its output goes to `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def failure(self) -> str | None:
        """Return the last line that a child said which failed, None while it runs or when it did well."""
        if self.process.poll() in (None, 0):
            return None
        code = self.process.returncode
        if code < 0:
            return f"{self.name} was ended by signal {-code}"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = lines[-1].removeprefix("torgpuls: ") if lines else f"exit code {code}"
        return f"{self.name} failed: {said}"


class Children:
    """All of them; leaving the block ends them, the youngest first."""

    def __init__(self, log_folder: Path):
        self._log_folder = log_folder
        self._running: list[Child] = []

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Start `torgpuls ARGUMENTS`. It has a process group of its own: Ctrl-C is for the demo alone,
        which then ends everything in order."""
        self._log_folder.mkdir(exist_ok=True)
        log = self._log_folder / f"{name}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [*TORGPULS, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        child = Child(name, process, log)
        self._running.append(child)
        return child

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for child in reversed(self._running):
            end(child)


def end(child: Child) -> None:
    """Ask the child to end, and end it if it does not."""
    child.process.terminate()
    try:
        child.process.wait(ASK_S)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def wait_for_line(child: Child, start: str, timeout_s: float) -> str:
    """Return what follows `start` in the first line of the child's output that begins with it.

    Raises UserError when the child ends before, or says nothing for timeout_s.
    """
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        whole_lines = child.log.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        for line in whole_lines:
            if line.startswith(start):
                return line[len(start) :]
        if child.process.poll() is not None:
            raise UserError(child.failure() or f"{child.name} ended before it was ready")
        time.sleep(0.05)
    raise UserError(f"{child.name} was not ready after {timeout_s:.0f} s: see {child.log}")
