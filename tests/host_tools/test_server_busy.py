"""What a sender hears when the store cannot take its points: when to come again, or whose fault it is."""

import asyncio
import json

import pytest
from serving import START_S, add_nodes, report, token
from starlette.requests import Request
from torgpuls.host_tools.server import write
from torgpuls.host_tools.server.committer import BusyError
from torgpuls.host_tools.server.tokens import Tokens
from torgpuls.host_tools.store.interface import StoreError, StoreFullError


class Refusing:
    """A committer that fails in one way."""

    def __init__(self, error):
        self.error = error

    async def keep(self, points):
        if self.error:
            raise self.error
        return []


def post(tmp_path, error, pause_s=0):
    add_nodes(tmp_path, "n1")
    api = write.WriteApi(Tokens(tmp_path), Refusing(error), "torgpuls", "torgpuls")
    body = {"type": "http.request", "body": report("n1", START_S).encode(), "more_body": False}
    scope = {
        "type": "http", "method": "POST", "path": "/api/v2/write",
        "query_string": b"org=torgpuls&bucket=torgpuls&precision=s",
        "headers": [(b"authorization", f"Token {token('n1')}".encode())],
    }  # fmt: skip

    async def receive():
        await asyncio.sleep(pause_s)
        return body

    return asyncio.run(api.write(Request(scope, receive)))


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (BusyError(), 503, "unavailable", "5"),
        (StoreFullError("the disk is full"), 503, "unavailable", "60"),
        (StoreError("the file is damaged"), 500, "internal error", None),
    ],
)
def test_the_answer_says_when_to_come_again(tmp_path, error, status, code, retry_after):
    answer = post(tmp_path, error)
    assert (answer.status_code, json.loads(answer.body)["code"]) == (status, code)
    assert answer.headers.get("Retry-After") == retry_after


def test_too_many_requests_at_once_are_sent_away_before_their_bodies_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "REQUESTS_LIMIT", 0)
    answer = post(tmp_path, None)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_body_that_does_not_come_gives_its_place_to_others(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "BODY_WITHIN_S", 0.05)
    answer = post(tmp_path, None, pause_s=30)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
