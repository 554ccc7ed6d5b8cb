"""Made-up phones: the capture of people who never were."""

import os

from captures import formats
from torgpuls.simulator import phones
from torgpuls.simulator.captures.timeline import Reading, read_captures

CROWD = phones.Crowd(start_s=1_700_000_000 // 86400 * 86400 + 36000, duration_s=3600, people=9)


def heard(crowd, folder):
    folder.mkdir()
    count = phones.write_capture(crowd, folder / "phones.pcap", folder / "heads.csv")
    timeline = read_captures([folder / "phones.pcap"], Reading(as_recorded=False))
    assert timeline.count == count and timeline.left_out == {}
    with timeline.trace() as trace:
        return formats.records(os.pread(trace.fileno(), 1 << 30, 0))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    first, again, other = tmp_path / "first", tmp_path / "again", tmp_path / "other"
    heard(CROWD, first), heard(CROWD, again)
    heard(phones.Crowd(CROWD.start_s, CROWD.duration_s, people=9, seed=2), other)
    for name in ("phones.pcap", "heads.csv"):
        assert (first / name).read_bytes() == (again / name).read_bytes() != (other / name).read_bytes()
    assert sorted(os.listdir(first)) == ["heads.csv", "phones.pcap"]


def test_every_probe_request_is_of_an_address_that_nobody_was_given(tmp_path):
    frames = heard(CROWD, tmp_path / "made")
    beacons = [frame for *_, frame in frames if frame[0] == 0x80]
    assert len(beacons) == 360 and len(frames) > 5000
    frames = [made for made in frames if made[3] not in beacons]
    for time_us, rssi_dbm, channel, frame in frames:
        assert CROWD.start_s <= time_us / 1e6 < CROWD.start_s + CROWD.duration_s
        assert frame[0] == 0x40 and frame[10] == 0x02 and frame[4:10] == frame[16:22] == b"\xff" * 6
        assert -100 <= rssi_dbm <= -25 and 1 <= channel <= 13
        at = 24
        while at < len(frame):
            at += 2 + frame[at + 1]
        assert at == len(frame)


def test_heads_rise_and_fall_by_whole_people_and_average_as_asked(tmp_path):
    day = phones.Crowd(CROWD.start_s, 10 * 86400, people=9, by_hour=(1,) * 24)
    _, heads = phones.play(day)
    assert all(count >= 0 for _, count in heads) and [t for t, _ in heads] == sorted({t for t, _ in heads})
    assert 7.5 < phones.mean_heads(heads, day.start_s, day.duration_s) < 10.5
    assert phones.mean_heads([(0, 2), (10, 5)], 5, 10) == 3.5


def test_a_phone_that_is_not_connected_shows_a_new_address_at_every_scan(tmp_path):
    def addresses(share, name):
        crowd = phones.Crowd(CROWD.start_s, 3600, people=9, connected_share=share)
        return len({frame[10:16] for *_, frame in heard(crowd, tmp_path / name)})

    assert addresses(1.0, "connected") < 60 < 300 < addresses(0.0, "scanning")
