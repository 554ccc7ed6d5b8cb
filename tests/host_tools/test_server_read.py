"""GET /api/windows and /api/places: CSV and JSON, and gaps that are never zero."""

import csv
import io
import json

import pytest
from serving import START_S, Serving, add_nodes, report


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    add_nodes(site, "n1")
    with Serving(site) as serving:
        lines = [report("n1", START_S, 4), report("n1", START_S + 1200, 6, gap_windows=2)]
        assert serving.write("\n".join(lines))[0] == 204
        yield serving


SPAN = f"place=square&start={START_S}&end={START_S + 1500}"
WANTED = [
    ("2023-11-14T22:15:00Z", "4", "990", "reported"),
    ("2023-11-14T22:20:00Z", "", "0", "not_reported"),
    ("2023-11-14T22:25:00Z", "", "0", "not_listened"),
    ("2023-11-14T22:30:00Z", "", "0", "not_listened"),
    ("2023-11-14T22:35:00Z", "6", "990", "reported"),
]


def test_csv_has_a_row_for_every_window_and_an_empty_cell_for_silence(server):
    status, headers, body = server.request("GET", f"/api/windows?{SPAN}&format=csv")
    assert (status, headers.get_content_type()) == (200, "text/csv")
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    assert [(r["start"], r["present"], r["listened_permille"], r["state"]) for r in rows] == WANTED


def test_json_has_null_for_silence(server):
    status, headers, body = server.request("GET", f"/api/windows?{SPAN}")
    assert (status, headers.get_content_type()) == (200, "application/json")
    found = [
        (r["start"], "" if r["present"] is None else str(r["present"]), r["state"]) for r in json.loads(body)
    ]
    assert found == [(start, present, state) for start, present, _, state in WANTED]


@pytest.mark.parametrize(
    "span",
    [
        "start=2023-11-14T22:15:00Z&end=2023-11-14T22:40:00Z",
        "start=2023-11-14T22:15:00&end=1700001600",
        "start=2023-11-14T23:15:00%2B01:00&end=2023-11-14T23:40:00+01:00",
    ],
)
def test_times_are_seconds_or_iso_8601_in_any_zone(server, span):
    _, _, body = server.request("GET", f"/api/windows?place=square&{span}")
    assert len(json.loads(body)) == 5


def test_an_empty_span_is_an_empty_table_in_both_formats(server):
    span = f"place=square&start={START_S}&end={START_S}"
    assert server.request("GET", f"/api/windows?{span}")[2] == b"[]\n"
    csv_text = server.request("GET", f"/api/windows?{span}&format=csv")[2].decode()
    assert csv_text.splitlines() == [
        "start,window_s,place,node,present,listened_permille,epsilon_permille,state"
    ]


def test_without_start_and_end_it_is_the_last_day_up_to_now(server):
    rows = json.loads(server.request("GET", "/api/windows?place=square")[2])
    assert 286 <= len(rows) <= 288
    assert {row["state"] for row in rows} == {"not_reported"}


def test_years_of_windows_are_streamed_whole(server):
    rows = json.loads(server.request("GET", "/api/windows?place=square&start=0")[2])
    assert rows[0]["start"] == "2023-11-14T22:15:00Z"
    assert len(rows) > 100_000


def test_places_say_since_when_and_until_when(server):
    assert json.loads(server.request("GET", "/api/places")[2]) == [
        {
            "place": "square", "node": "n1", "first": "2023-11-14T22:15:00Z",
            "last": "2023-11-14T22:35:00Z", "window_s": 300,
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, "place is missing: add ?place=…"),
        ("place=nowhere", 404, 'there is no place "nowhere"; there is: square'),
        ("place=square&format=xml", 404, 'there is no format "xml"; there is: csv, json'),
        ("place=square&start=yesterday", 400, 'start "yesterday": write 2026-05-01T08:00:00Z, or seconds'),
        ("place=square&end=99999999999999999999", 400, 'end "99999999999999999999": write 2026-05-01T08'),
        ("place=square&start=9&end=5", 400, "start is after end"),
    ],
)  # fmt: skip
def test_a_wrong_question_gets_one_line_that_says_what_to_change(server, query, status, message):
    got, _, body = server.request("GET", f"/api/windows?{query}")
    assert got == status
    assert json.loads(body)["message"].startswith(message)
    assert b"\n" not in body
