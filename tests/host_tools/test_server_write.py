"""POST /api/v2/write answers as InfluxDB 2 documents it, and keeps nothing that it refused."""

import gzip
import json
import re
import time
import zlib
from pathlib import Path

import pytest
from serving import START_S, Serving, add_nodes, report, token


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    add_nodes(site, "n1", "n2")
    with Serving(site) as serving:
        yield serving


@pytest.fixture
def place(request):
    """A place of the test's own, so that one server does for all."""
    return "t" + format(zlib.crc32(request.node.name.encode()), "08x")


def kept(server, place):
    status, _, body = server.request("GET", "/api/places")
    assert status == 200
    return place in [found["place"] for found in json.loads(body)]


def test_204_and_an_empty_body_when_everything_is_kept(server, place):
    lines = (
        "# two reports\n\n" + report("n1", START_S, 7, place) + "\n" + report("n1", START_S + 300, 9, place)
    )
    assert server.write(lines)[::2] == (204, None)
    rows = server.windows(place=place, start=START_S, end=START_S + 600)
    assert [(row["present"], row["listened_permille"], row["state"]) for row in rows] == [
        (7, 990, "reported"), (9, 990, "reported"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("precision", "scale"), [("ns", 10**9), ("us", 10**6), ("ms", 10**3), ("s", 1), ("", 10**9)]
)
def test_times_are_read_in_the_precision_that_is_named(server, place, precision, scale):
    line = f"presence,place={place}-{precision},node=n1 present=1i,window_s=300i {START_S * scale}"
    assert server.write(line, precision=precision)[0] == 204
    (row,) = server.windows(place=f"{place}-{precision}", start=START_S, end=START_S + 300)
    assert row["start"] == "2023-11-14T22:15:00Z"


def test_a_line_without_a_time_gets_the_server_s(server, place):
    before_s = int(time.time())
    assert server.write(f"presence,place={place},node=n1 present=1i,window_s=1i")[0] == 204
    time.sleep(2)
    (first, *_) = server.windows(place=place, start=before_s, end=before_s + 10)
    assert first["present"] == 1


def test_gzip_is_unpacked(server, place):
    assert server.write_gzip(report("n1", START_S, 3, place))[0] == 204
    assert kept(server, place)


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"not gzip at all", "gzip", "gzipped HTTP body cannot be read"),
        (gzip.compress(b"m f=1")[:-4], "gzip", "gzipped HTTP body ends too early"),
        (gzip.compress(b"m f=1") + b"more", "gzip", "gzipped HTTP body goes on after its end"),
        (b"m f=1", "br", 'content encoding "br" is not known: send gzip or none'),
        (b"", "", "writing requires points"),
        (b"# only a comment\n", "", "writing requires points"),
        (b"presence,place=\xff f=1", "", "text is not UTF-8"),
    ],
)
def test_400_for_a_body_that_cannot_be_read(server, body, encoding, message):
    status, _, said = server.write(body, headers={"Content-Encoding": encoding})
    assert (status, said["code"], said["message"]) == (400, "invalid", message)


def test_400_rejects_the_whole_request_and_names_the_line(server, place):
    wrong = f"presence,place={place},node=n1 present= 5"
    status, _, said = server.write(report("n1", START_S, 7, place) + "\n" + wrong + "\n")
    assert status == 400
    assert said == {
        "code": "invalid", "line": 2,
        "message": f"unable to parse '{wrong}': invalid value of field 'present'",
    }  # fmt: skip
    assert not kept(server, place)


@pytest.mark.parametrize(
    "authorization", ["", "Token", "Token wrong", "Basic " + token("n1"), token("n1"), "Token tok\xe9n"]
)
def test_401_without_a_token_that_is_somebody_s(server, place, authorization):
    sent = {"Authorization": authorization}
    status, _, said = server.write(report("n1", START_S, 7, place), headers=sent)
    assert (status, said) == (401, {"code": "unauthorized", "message": "unauthorized access"})
    assert not kept(server, place)


@pytest.mark.parametrize("scheme", ["Token", "token", "Bearer"])
def test_the_schemes_that_influxdb_takes_are_taken(server, place, scheme):
    sent = {"Authorization": f"{scheme} {token('n1')}"}
    assert server.write(report("n1", START_S, 7, place), headers=sent)[0] == 204


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("presence,place=PLACE,node=n2 present=1i 5", 'the token of node "n1" may not write node "n2"'),
        ("presence,place=PLACE present=1i 5", 'the token of node "n1" may not write node ""'),
        ("people,place=PLACE,node=n1 n=1i 5", 'may not write measurement "people", only "presence"'),
        ("presence,place=PLACE,node=n1,floor=2 present=1i 5", "may not write other tags than node and place"),
        ("presence,place=Big\\ Place,node=n1 present=1i 5", "may not write other tags than node and place"),
        ("presence,node=n1 present=1i 5", "may not write other tags than node and place"),
    ],
)
def test_403_for_anything_but_the_node_s_own_reports_and_nothing_is_kept(server, place, line, message):
    status, _, said = server.write(report("n1", START_S, 7, place) + "\n" + line.replace("PLACE", place))
    assert (status, said["code"]) == (403, "forbidden")
    assert message in said["message"]
    assert not kept(server, place)


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"bucket": "other"}, 404, 'bucket "other" not found'),
        ({"bucket": ""}, 404, "bucket not found"),
        ({"org": "other"}, 404, 'organization name "other" not found'),
        ({"org": ""}, 400, "Please provide either orgID or org"),
        ({"precision": "m"}, 400, "invalid precision; valid precision units are ns, us, ms, and s"),
    ],
)
def test_a_wrong_target_is_named(server, place, query, status, message):
    got, _, said = server.write(report("n1", START_S, 7, place), **query)
    assert (got, said["message"]) == (status, message)
    assert not kept(server, place)


def test_the_organisation_may_be_named_by_id(server, place):
    assert server.write(report("n1", START_S, 7, place), org="", orgID="torgpuls")[0] == 204


def test_413_for_more_than_four_megabytes_and_for_a_bomb_of_them(server):
    comment = b"#" * (5 * 1024 * 1024)
    assert server.write(comment)[2]["code"] == "request too large"
    before_kib = peak_memory_kib(server)
    bomb = gzip.compress(b"#" * (256 * 1024 * 1024))
    status, _, said = server.write(bomb, headers={"Content-Encoding": "gzip"})
    assert (status, said["code"]) == (413, "request too large")
    assert peak_memory_kib(server) - before_kib < 32 * 1024


def peak_memory_kib(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def test_422_keeps_what_does_not_conflict_and_counts_what_does(server, place):
    lines = [report("n1", START_S + 300 * i, i, place) for i in range(3)]
    lines.append(f"presence,place={place},node=n1 present=2.5 {START_S + 900}")
    status, _, said = server.write("\n".join(lines))
    assert status == 422
    assert said == {
        "code": "unprocessable entity",
        "message": "failure writing points to database: partial write: field type conflict: "
        'input field "present" on measurement "presence" is type float, '
        "already exists as type integer dropped=1",
    }
    assert len(server.windows(place=place, start=START_S, end=START_S + 900)) == 3


def test_the_same_report_twice_is_one_window(server, place):
    for _ in range(2):
        assert server.write(report("n1", START_S, 7, place))[0] == 204
    assert len(server.windows(place=place, start=START_S, end=START_S + 300)) == 1


def test_another_method_or_address_is_told_so_in_json(server):
    status, _, body = server.request("GET", "/api/v2/write")
    assert (status, json.loads(body)["code"]) == (405, "method not allowed")
    status, _, body = server.request("GET", "/nothing")
    assert (status, json.loads(body)["code"]) == (404, "not found")


def test_a_connection_carries_many_requests(server, place):
    connection = server.connection()
    target = "/api/v2/write?org=torgpuls&bucket=torgpuls&precision=s"
    for i in range(5):
        line = report("n1", START_S + 300 * i, i, place)
        connection.request("POST", target, line, {"Authorization": f"Token {token('n1')}"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
    connection.close()
