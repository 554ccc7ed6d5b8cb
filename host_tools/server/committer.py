"""Group commit: requests that wait for the disk at the same time share one wait.

One thread owns the writing. While it waits for the disk, requests queue up; then it takes all of them
into the next transaction. So the cost of a flush is shared by as many clients as there are.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from torgpuls.host_tools.store.interface import Point, StoreError


class GroupStore(Protocol):
    """A store that can keep several requests with one wait for the disk."""

    def write_together(self, requests: Sequence[Sequence[Point]]) -> list[list[str]]:
        """Keep all of `requests` or none; return the refusals of each. Raises StoreError."""


class BusyError(Exception):
    """Too much is waiting for the disk already; the sender should come again."""


_Job = tuple[Sequence[Point], "asyncio.Future[list[str]]"]


class Committer:
    """Takes the points of a request, answers when they are on disk."""

    GROUP_POINTS = 20_000  # points in one transaction; more would make the first of them wait long
    WAITING_POINTS = 200_000  # then senders are told to come again

    def __init__(self, store: GroupStore, tell: Callable[[str], None] | None = None):
        """tell: says one line to the person who runs the server; stderr when None."""
        self._store = store
        self._tell = tell or (lambda line: print(f"torgpuls: {line}", file=sys.stderr, flush=True))
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting_points = 0
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="committer")
        self._thread.start()

    async def keep(self, points: Sequence[Point]) -> list[str]:
        """Return the refusals when `points` are on disk. Raises StoreError, or BusyError at once."""
        if self._waiting_points and self._waiting_points + len(points) > self.WAITING_POINTS:
            raise BusyError
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._waiting_points += len(points)
        try:
            self._jobs.put((points, answer))
            return await answer
        finally:
            self._waiting_points -= len(points)

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Wait for a job; return it with all others that fit, and whether there will be more."""
        group: list[_Job] = []
        size = 0
        try:
            while size < self.GROUP_POINTS:
                job = self._jobs.get(block=not group)
                if job is None:
                    return group, False
                group.append(job)
                size += len(job[0])
        except queue.Empty:
            pass
        return group, True

    def _commit(self, group: list[_Job]) -> None:
        loop = group[0][1].get_loop()
        try:
            refused = self._store.write_together([points for points, _ in group])
        except Exception as error:  # the requests get it, whatever it is; this thread lives on
            self._say_failing(error)
            loop.call_soon_threadsafe(_answer, [(answer, error) for _, answer in group])
            return
        if self._failing:
            self._failing = False
            self._tell("the store takes reports again")
        answers = [(answer, rows) for (_, answer), rows in zip(group, refused, strict=True)]
        loop.call_soon_threadsafe(_answer, answers)

    def _say_failing(self, error: Exception) -> None:
        # Once, not for every request of a long night.
        if isinstance(error, StoreError) and not self._failing:
            self._failing = True
            self._tell(str(error))


def _answer(answers: Sequence[tuple[asyncio.Future[list[str]], list[str] | Exception]]) -> None:
    for future, result in answers:
        if future.done():  # the sender hung up; its points are kept, and it will send them again
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
