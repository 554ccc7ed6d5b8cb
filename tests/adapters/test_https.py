"""What the node's HTTPS clients make of good and bad servers, the same on both interpreters."""

import re
import socket
import ssl
import time

import pytest
from torgpuls.firmware.node import errors
from torgpuls.simulator import https

from .server import NO_CONTENT, Server, answers, answers_and_closes, resets


def outcome(post, script, context, **how):
    with Server(context, script) as server:
        (only,) = post(server.port, **how)
    return only


def test_a_good_server_gets_the_body_and_its_status_comes_back(post, world):
    with Server(world.good.server_context(), answers(NO_CONTENT)) as server:
        assert post(server.port, "presence,place=a present=3i 0") == [["answer", 204, 0]]
    (request,) = server.requests
    head, body = request.split(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /write?a=b HTTP/1.1"
    assert b"\r\nHost: localhost:%d\r\n" % server.port in head
    assert b"\r\nAuthorization: Token secret\r\n" in head
    assert body == b"presence,place=a present=3i 0"


def test_several_posts_use_one_connection(post, world):
    with Server(world.good.server_context(), answers(NO_CONTENT)) as server:
        assert post(server.port, "one", "two", "three") == [["answer", 204, 0]] * 3
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_kept_connection_that_the_server_closed_is_opened_again(post, world):
    with Server(world.good.server_context(), answers_and_closes(NO_CONTENT)) as server:
        assert post(server.port, "one", "two", "three") == [["answer", 204, 0]] * 3
    assert server.connections == 3


def test_a_connection_that_shall_close_is_closed_before_the_next_one_is_opened(post, world):
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    with Server(world.good.server_context(), answers(answer)) as server:
        # This server serves one connection at a time: one left open would stop the second post.
        assert post(server.port, "one", "two", timeout_ms=2000) == [["answer", 200, 0]] * 2
    assert server.connections == 2


def test_a_busy_server_says_when_to_come_back(post, world):
    answer = b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"
    assert outcome(post, answers(answer), world.good.server_context()) == ["answer", 503, 120]


def test_a_body_larger_than_tls_and_socket_buffers_arrives_whole(post, world):
    body = "x" * 60_000
    with Server(world.good.server_context(), answers(NO_CONTENT)) as server:
        assert post(server.port, body) == [["answer", 204, 0]]
    assert server.requests[0].endswith(b"\r\n\r\n" + body.encode())


REFUSED = {
    "expired": ("expired", "has expired: renew"),
    "not_yet": ("not_yet", "not valid yet: correct this clock"),
    "other_name": ("elsewhere", "for another name: use a host name"),
    "other_ca": ("by_other_ca", "not signed by the CA"),
    "self_signed": ("self_signed", "not signed by the CA"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_certificate_that_is_not_to_be_trusted_is_refused_before_anything_is_sent(post, world, case):
    shown, words = REFUSED[case]
    with Server(getattr(world, shown).server_context(), answers(NO_CONTENT)) as server:
        kind, text = post(server.port)[0]
    assert kind == "TrustError"
    assert text.startswith(f"localhost:{server.port}: the certificate") and words in text
    assert server.requests == []


def test_a_clients_ca_decides_even_when_names_are_alike(post, world):
    good = world.good.server_context()
    kind, text = outcome(post, answers(NO_CONTENT), good, ca=world.other_ca.der())
    assert kind == "TrustError" and "not signed by the CA" in text


def test_an_address_counts_as_a_name_only_when_the_certificate_lists_it(post, world):
    good, name_only = world.good.server_context(), world.name_only.server_context()
    assert outcome(post, answers(NO_CONTENT), good, host="127.0.0.1") == ["answer", 204, 0]
    kind, text = outcome(post, answers(NO_CONTENT), name_only, host="127.0.0.1")
    assert kind == "TrustError" and "for another name" in text


def test_plain_http_is_called_so(post):
    def speaks_first(server, stream):
        stream.recv(100)
        stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    kind, text = outcome(post, speaks_first, None)
    assert kind == "TrustError" and "not TLS" in text and "HTTPS port" in text


def test_a_server_without_p256_is_told_what_it_must_offer(post, world):
    context = world.good.server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # no RSA certificate: nothing in common
    kind, text = outcome(post, answers(NO_CONTENT), context)
    assert kind == "TrustError" and "P-256" in text


def test_a_ca_that_is_no_certificate_is_the_identitys_fault(post):
    assert post(1, ca=b"\x30\x03\x02\x01\x00")[0] == [
        "IdentityError",
        "the CA certificate is damaged: provision this node again",
    ]


def test_a_closed_port_is_a_network_error(post):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    kind, text = post(port)[0]
    assert kind == "NetworkError" and "connection refused: start the server" in text


def test_an_unknown_name_is_a_network_error(post):
    kind, text = post(443, host="no-such-host.invalid")[0]
    assert kind == "NetworkError" and "name is not known" in text


def test_a_silent_server_runs_into_the_deadline(post, world):
    def silent(server, stream):
        server.closing.wait(3)

    for context in (None, world.good.server_context()):
        start_s = time.monotonic()
        kind, text = outcome(post, silent, context, timeout_ms=500)
        assert kind == "NetworkError" and "no answer in time" in text
        assert time.monotonic() - start_s < 4


def test_an_answer_that_drips_does_not_stretch_the_deadline(post, world):
    drips = [b"HTTP/1.1 204 No Content\r\n"] + [b"X: y\r\n"] * 30
    start_s = time.monotonic()
    kind, text = outcome(post, answers(*drips, pause_s=0.1), world.good.server_context(), timeout_ms=800)
    assert kind == "NetworkError" and "no answer in time" in text
    assert time.monotonic() - start_s < 5


def test_interim_answers_without_end_run_into_the_deadline(post, world):
    def never_says_more(server, stream):
        server.read_request(stream)
        while not server.closing.is_set():
            stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    start_s = time.monotonic()
    kind, text = outcome(post, never_says_more, world.good.server_context(), timeout_ms=800)
    assert kind == "NetworkError" and "no answer in time" in text
    assert time.monotonic() - start_s < 5


CUTS = {
    "before the handshake": (False, lambda server, stream: None),
    "before the request": (True, lambda server, stream: None),
    "instead of an answer": (True, answers_and_closes(b"")),
    "reset instead of an answer": (True, resets()),
    "in the status line": (True, answers_and_closes(b"HTTP/1.1 20")),
    "in the body": (True, answers_and_closes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
    "reset in the body": (True, resets(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
}


@pytest.mark.parametrize("case", CUTS)
def test_a_connection_cut_anywhere_is_a_network_error(post, world, case):
    tls, script = CUTS[case]
    kind, text = outcome(post, script, world.good.server_context() if tls else None)
    assert kind in ("NetworkError", "AnswerError")  # AnswerError is a NetworkError
    assert re.match(r"localhost:\d+: (connection lost|the connection was closed) before the answer was", text)


@pytest.mark.parametrize("error", [ssl.SSLEOFError(8, "EOF"), ssl.SSLZeroReturnError(6, "closed")], ids=repr)
def test_openssl_may_call_a_cut_in_the_handshake_either_name(world, error):
    client = https.Https("localhost", 1, "/write", "secret", world.ca.der())
    assert type(client.explain(error)) is errors.NetworkError


def test_a_cut_after_the_answer_does_no_harm(post, world):
    assert outcome(post, resets(NO_CONTENT), world.good.server_context()) == ["answer", 204, 0]


GARBAGE = {
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", "is not HTTP/1.1"),
    "endless head": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2000, "head is larger than 4096"),
    "promised too much": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "larger than 65536"),
    "sent too much": (b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 70_000, "larger than 65536"),
    "not a length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not a number"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_an_answer_that_is_garbage_is_named_and_bounded(post, world, case):
    answer, words = GARBAGE[case]
    kind, text = outcome(post, answers_and_closes(answer), world.good.server_context())
    assert kind == "AnswerError" and words in text


def test_after_a_failure_the_next_post_starts_afresh(post, world):
    script = answers_and_closes(b"HTTP/1.1 20")
    with Server(world.good.server_context(), script) as server:
        assert [kind for kind, _ in post(server.port, "one", "two")] == ["AnswerError"] * 2
    assert server.connections == 2
