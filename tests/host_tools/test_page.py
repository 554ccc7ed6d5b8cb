"""The page draws each place's last day with its gaps, in a real browser, without any address but its own."""

import hashlib
import re
import shutil
import struct
import subprocess
import tarfile
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from serving import WINDOW_S, Serving, add_nodes, report
from torgpuls.host_tools import server as server_package

SERVER = Path(server_package.__file__).parent
UPLOT = SERVER / "vendor" / "uplot"
SUMS = dict(re.findall(r"\| (\S+) +\| ([0-9a-f]{64}) \|", (UPLOT / "README.md").read_text()))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--ignore-certificate-errors", "--virtual-time-budget=5000",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with one lively place (three silences, the last one open) and one with a single report."""
    site = tmp_path_factory.mktemp("site")
    add_nodes(site, "n1", "n2")
    now_s = int(time.time()) // WINDOW_S * WINDOW_S
    lines = []
    for back in range(200, 20, -1):
        if 150 <= back < 160:  # declared by the next report
            continue
        if 100 <= back < 130:  # never heard of
            continue
        gap = 10 if back == 149 else 0
        lines.append(report("n1", now_s - back * WINDOW_S, back % 50, "square", gap))
    with Serving(site) as serving:
        assert serving.write("\n".join(lines))[0] == 204
        assert serving.write(report("n2", now_s - WINDOW_S, 3, "hall"), "n2")[0] == 204
        yield serving


def browse(server, tmp_path, *options):
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}/profile", *options, server.address + "/"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def drawn(dom):
    """Return {place: {what: value}} from the data-* attributes that the page writes when it has drawn."""
    found = {}
    for article in re.findall(r"<article ([^>]*)>", dom):
        said = dict(re.findall(r'data-([a-z]+)="([^"]*)"', article))
        found[said.pop("place")] = said
    return found


@pytest.mark.parametrize("width_px", [390, 1200])
def test_every_place_is_drawn_with_its_gaps_and_its_latest_figure(server, tmp_path, width_px):
    dom = browse(server, tmp_path, "--dump-dom", f"--window-size={width_px},900").stdout
    # 180 reports less the 40 of two silences; the third silence lasts until now.
    wanted = {"reported": "140", "bands": "3", "latest": "21", "drawn": "true"}
    found = drawn(dom)
    assert sorted(found) == ["hall", "square"]
    assert {name: found["square"][name] for name in wanted} == wanted
    assert (found["hall"]["reported"], found["hall"]["latest"], found["hall"]["bands"]) == ("1", "3", "0")
    assert dom.count("<canvas") == 2
    assert re.search(r"No report since \d\d:\d\d\.|No report since 20", dom)
    assert re.search(r"Updated \d\d:\d\d:\d\d\.", dom)


def test_a_place_that_fell_silent_long_ago_shows_its_last_day(tmp_path):
    """A demo plays days of years ago; so does whoever looks at a festival's square the week after."""
    add_nodes(tmp_path, "n1")
    with Serving(tmp_path) as server:
        lines = [report("n1", 1_700_000_100 + at * WINDOW_S, 7, "square") for at in range(30)]
        assert server.write("\n".join(lines))[0] == 204
        dom = browse(server, tmp_path, "--dump-dom").stdout
    found = drawn(dom)["square"]
    assert (found["reported"], found["latest"], found["drawn"]) == ("30", "7", "true")
    assert re.search(r"No report since 2023-11-1\d \d\d:\d\d\. This is the day before that\.", dom)
    assert f"end={1_700_000_100 + 30 * WINDOW_S}" in dom


def test_a_report_of_the_last_second_of_time_breaks_no_page(tmp_path):
    add_nodes(tmp_path, "n1")
    with Serving(tmp_path) as server:
        assert server.write(report("n1", 9_223_372_036, 7, "square"))[0] == 204
        assert server.request("GET", "/")[0] == 200
        assert server.request("GET", "/api/windows?place=square")[0] == 200


def test_a_phone_shows_people_and_both_kinds_of_silence_within_its_screen(server, tmp_path):
    browse(server, tmp_path, f"--screenshot={tmp_path}/page.png", "--window-size=390,900")
    picture = pixels((tmp_path / "page.png").read_bytes())
    assert picture.shape == (900, 390)
    css = (SERVER / "static" / "page.css").read_text()
    for name in ("people", "not-listened", "not-reported"):
        shade = int(re.search(rf"--{name}: #([0-9a-f]{{6}})", css)[1], 16)
        assert np.count_nonzero(picture == shade) > 100, name
    scrollbar_px = 15
    margin = picture[:, 390 - scrollbar_px - 8]  # right of the cards: nothing spills over
    assert set(margin.tolist()) == {0xFFFFFF}


def pixels(png):
    """Return the colours, row by row, of an 8-bit RGB or RGBA picture (PNG, W3C, 9.2 and 9.4)."""
    width, height, depth, kind = struct.unpack_from(">IIBB", png, 16)
    size = {2: 3, 6: 4}[kind]
    assert depth == 8
    packed, at = b"", 8
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        packed += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * size)
    rows = []
    above = np.zeros((width + 1, size), int)
    for row in raw:
        line = np.zeros((width + 1, size), int)
        sent = row[1:].reshape(width, size)
        for x in range(width):
            left, up, corner = line[x], above[x + 1], above[x]
            guess = (0, left, up, (left + up) // 2, None)[row[0]]
            if guess is None:  # Paeth: whichever is nearest to left + up - corner, in that order
                far = np.abs(np.stack([up - corner, left - corner, left + up - 2 * corner]))
                guess = np.choose(far.argmin(axis=0), [left, up, corner])
            line[x + 1] = (sent[x] + guess) % 256
        above = line
        rows.append(line[1:, 0] << 16 | line[1:, 1] << 8 | line[1:, 2])
    return np.stack(rows)


def test_without_scripts_the_latest_figures_stand_in_the_page(server):
    _, _, body = server.request("GET", "/")
    (summary,) = re.findall(r"<noscript>(.*?)</noscript>", body.decode(), re.DOTALL)
    assert re.search(r'<tr><td lang="sv">hall</td><td>3</td><td>\d{4}-\d\d-\d\d \d\d:\d\d</td></tr>', summary)
    assert re.search(r'<tr><td lang="sv">square</td><td>21</td>', summary)


def test_the_page_says_what_its_figures_cannot_say(server):
    text = " ".join(server.request("GET", "/")[2].decode().split())
    for caveat in ("One person cannot be told from an empty room", "not for publication", "It is not zero"):
        assert caveat in text


def test_the_page_is_english_and_says_so(server):
    assert b'<html lang="en">' in server.request("GET", "/")[2]


def test_nothing_comes_from_another_address_and_nothing_is_inline(server):
    _, headers, body = server.request("GET", "/")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    text = body.decode()
    assert not re.search(r"https?://", text)
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text)
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', text):
        status, got, content = server.request("GET", address)
        assert status == 200 and got["Content-Security-Policy"]
        if not address.startswith("/uplot/"):
            assert not re.search(rb"https?://", content)


def test_uplot_is_the_file_that_its_readme_says():
    assert set(SUMS) == {"uPlot.iife.min.js", "uPlot.min.css", "LICENSE"}
    for name, sum_ in SUMS.items():
        assert hashlib.sha256((UPLOT / name).read_bytes()).hexdigest() == sum_


def test_uplot_is_what_npm_has(tmp_path):
    version = re.match(r"# uPlot (\S+)", (UPLOT / "README.md").read_text())[1]
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("npm is not installed")
    packed = subprocess.run(
        [npm, "pack", f"uplot@{version}", "--pack-destination", tmp_path, "--silent", "--prefer-offline",
         "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if packed.returncode:
        pytest.skip(f"npm has no network: {packed.stderr.strip()[-200:]}")
    with tarfile.open(tmp_path / f"uplot-{version}.tgz") as package:
        for name in SUMS:
            path = "package/LICENSE" if name == "LICENSE" else f"package/dist/{name}"
            assert package.extractfile(path).read() == (UPLOT / name).read_bytes()
