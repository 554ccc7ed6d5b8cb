"""Requests that wait at the same time share one commit, and each still gets its own answer."""

import asyncio
import threading

import pytest
from torgpuls.host_tools.server.committer import BusyError, Committer
from torgpuls.host_tools.store.interface import Point, Series, StoreFullError

POINT = Point(Series("presence", ()), 0, "{}", ())


class SlowStore:
    """A store whose first commit waits until it is let go; it remembers what each commit held."""

    def __init__(self):
        self.commits = []
        self.go = threading.Event()
        self.error = None

    def write_together(self, requests):
        self.commits.append([len(points) for points in requests])
        self.go.wait(10)
        if self.error:
            raise self.error
        return [[f"refused of {len(points)}"] for points in requests]


@pytest.fixture
def store():
    return SlowStore()


@pytest.fixture
def said():
    return []


@pytest.fixture
def committer(store, said):
    made = Committer(store, said.append)
    yield made
    store.go.set()
    made.close()


async def started(store, committer, *sizes):
    """Return the answers to come of requests with so many points; the first is being committed."""
    answers = []
    for size in sizes:
        answers.append(asyncio.ensure_future(committer.keep([POINT] * size)))
        await asyncio.sleep(0)
        while not store.commits:
            await asyncio.sleep(0.001)
    return answers


def test_all_that_wait_for_the_disk_go_into_the_next_commit(store, committer):
    async def requests():
        answers = await started(store, committer, 1, 2, 3)
        store.go.set()
        return await asyncio.gather(*answers)

    assert asyncio.run(requests()) == [["refused of 1"], ["refused of 2"], ["refused of 3"]]
    assert store.commits == [[1], [2, 3]]


def test_a_commit_has_its_limit(store, committer):
    async def requests():
        answers = await started(store, committer, 1, 15_000, 15_000, 1)
        store.go.set()
        await asyncio.gather(*answers)

    asyncio.run(requests())
    assert store.commits == [[1], [15_000, 15_000], [1]]


def test_too_much_waiting_is_refused_at_once_and_not_for_ever(store, committer):
    async def requests():
        answers = await started(store, committer, 150_000)
        with pytest.raises(BusyError):
            await committer.keep([POINT] * 60_000)
        store.go.set()
        await asyncio.gather(*answers)
        return await committer.keep([POINT] * 60_000)

    assert asyncio.run(requests()) == ["refused of 60000"]


def test_an_error_reaches_every_request_of_the_commit_and_is_said_once(store, committer, said):
    store.error = StoreFullError("the disk is full")

    async def requests():
        answers = await started(store, committer, 1, 2, 3)
        store.go.set()
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert results == [store.error] * 3
        store.error = None
        await committer.keep([POINT])

    asyncio.run(requests())
    assert said == ["the disk is full", "the store takes reports again"]


def test_a_sender_that_gave_up_does_not_disturb_the_others(store, committer):
    async def requests():
        first, second, third = await started(store, committer, 1, 2, 3)
        second.cancel()
        store.go.set()
        return await asyncio.gather(first, third)

    assert asyncio.run(requests()) == [["refused of 1"], ["refused of 3"]]


def test_closing_finishes_what_was_queued(store):
    committer = Committer(store)

    async def requests():
        answers = await started(store, committer, 1, 2)
        store.go.set()
        await asyncio.to_thread(committer.close)
        return await asyncio.gather(*answers)

    assert asyncio.run(requests()) == [["refused of 1"], ["refused of 2"]]
