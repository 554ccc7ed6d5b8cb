"""No report is lost wherever the power fails or a connection is cut: windows in, rows out.

One simulated day is lived once. At each of its flash operations, and for each way in which a
power cut can tear it, the flash as it would be is handed to a new node, which lives on in its
own copy of the world; then every window must be stored, discarded with its cause, or declared
not listened, and the three must add up.
"""

import random

import pytest
from node.worlds import START_S, World, neighbours
from torgpuls.simulator import flash as flashes
from torgpuls.simulator import network

WINDOW_S = 300
DAY_S = 86400
SETTINGS = {"dwell_ms": 60000}


def account(world, first_s=START_S):
    """Check the law of accounting, and return (stored, discarded, declared).

    first_s: where the first window that was ever reported begins.
    """
    box = world.node.outbox
    rows = world.rows()
    windows = (box.last_start_s - first_s) // WINDOW_S + 1
    discarded = box.discarded_full + box.discarded_refused
    assert box.unsent == 0
    # What is missing between two rows is declared by the later one, or it was discarded.
    lost = rows[0]["seq"] + box.last_seq - rows[-1]["seq"]
    for earlier, later in neighbours(rows):
        missing = (later["window_start_s"] - earlier["window_start_s"]) // WINDOW_S - 1
        silent = later["gap_windows_total"] - earlier["gap_windows_total"]
        assert missing == silent + later["seq"] - earlier["seq"] - 1
        lost += later["seq"] - earlier["seq"] - 1
    assert len(rows) + lost + box.gap_windows_total == windows
    # The node's own count is the same, but for reports that were stored while the answer got
    # lost, and that it then had to give up without ever learning so.
    assert lost <= discarded <= lost + len(world.network.unanswered)
    assert world.network.conflicts == 0
    return len(rows), lost, box.gap_windows_total


def deliver_all(world, limit_s=6 * 3600):
    """Let the node live until nothing waits and at least one more window is stored."""
    before = len(world.network.points)
    end_s = world.clock.true_s() + limit_s
    while world.node.outbox.unsent or len(world.network.points) == before:
        world.node.turn()
        assert world.clock.true_s() < end_s, "reports still wait"


def heir_of(world, memory, torn=None):
    """The world after a power cut: the same server and hour, the flash as it was left, new RAM.

    torn: a list that gets the flash as a second power cut would leave it during recovery.
    """
    heir = World(start_s=0, sectors=3, **SETTINGS)
    heir.without_power(0)
    heir.clock.true_ms = world.clock.true_ms
    heir.flash = flashes.RamFlash(len(memory), memory)
    heir.network.points = dict(world.network.points)
    heir.network.unanswered = set(world.network.unanswered)
    heir.network.refuses = world.network.refuses
    if torn is not None:
        heir.flash.before = lambda offset, wanted: torn.extend(
            [heir.flash.torn(offset, wanted, tear) for tear in flashes.TEARS]
        )
    heir.start()
    heir.flash.before = None
    return heir


def assert_lives_on(heir):
    """Whatever the cut left behind, everything is accounted for in the end."""
    began = heir.node.outbox.last_seq >= 0
    deliver_all(heir)
    account(heir, START_S if began else heir.rows()[0]["window_start_s"])


def day_with_troubles():
    """A world with refused reports, cut connections, busy servers and two outages."""
    world = World(sectors=3, **SETTINGS)
    chance = random.Random(3)
    faults = [network.CUT_BEFORE, network.CUT_DURING, network.CUT_AFTER, 500, (503, 90), (429, 30)]
    world.network.script = [chance.choice(faults) if chance.random() < 0.3 else None for _ in range(400)]
    world.network.refuses = lambda values: values["window_start_s"] // WINDOW_S % 13 == 0
    world.network.outages = [
        (START_S + 2 * 3600, START_S + 3 * 3600),
        (START_S + 6 * 3600, START_S + 15 * 3600),  # 108 windows; three sectors hold 62 to 93
    ]
    return world


def test_no_window_is_lost_or_doubled_wherever_the_power_fails():
    world = day_with_troubles()
    first, cuts, second_cuts = world.flash.operations, [], []

    def cut(offset, wanted):
        for tear in flashes.TEARS:
            again = []
            assert_lives_on(heir_of(world, world.flash.torn(offset, wanted, tear), again))
            for memory in again:
                assert_lives_on(heir_of(world, memory))
            cuts.append(tear)
            second_cuts.extend(again)

    world.flash.before = cut
    world.start()
    world.live(DAY_S)
    operations = world.flash.operations - first
    assert len(cuts) == operations * len(flashes.TEARS)
    assert operations > 350 and len(second_cuts) > 100
    world.flash.before = None
    world.network.script = []
    deliver_all(world)
    stored, discarded, declared = account(world)
    assert stored > 150 and discarded > 31 and declared == 0, (stored, discarded, declared)


def test_power_that_fails_again_and_again_for_a_week_loses_nothing_unsaid():
    chance = random.Random(5)
    world = World(sectors=3, **SETTINGS)
    world.network.refuses = lambda values: values["window_start_s"] // WINDOW_S % 29 == 0
    cuts = 0
    end_s = START_S + 7 * DAY_S
    while world.clock.true_s() < end_s:
        world.network.script = [chance.choice((None, network.CUT_BEFORE, network.CUT_AFTER))]
        world.flash.cut_power(chance.randrange(40), chance.choice(flashes.TEARS))
        try:
            world.live(end_s - world.clock.true_s())
        except flashes.PowerCut:
            cuts += 1
        memory = world.flash.memory
        world.without_power(chance.choice((1, 30, 400, 2000)))
        world.flash = flashes.RamFlash(len(memory), memory)
        world.start()
    assert cuts > 50
    deliver_all(world)
    stored, discarded, declared = account(world, world.rows()[0]["window_start_s"])
    assert declared > 50 and discarded > 20 and stored > 1000


@pytest.mark.parametrize("fault", [network.CUT_BEFORE, network.CUT_DURING, network.CUT_AFTER])
def test_every_connection_of_a_day_is_cut_once_and_nothing_is_missing(fault):
    world = World(**SETTINGS)
    world.network.script = [fault, None] * 400
    world.live(DAY_S)
    deliver_all(world)
    stored, discarded, declared = account(world)
    assert stored >= 288 and discarded == declared == 0


def test_an_hour_without_network_costs_no_window():
    world = World(**SETTINGS)
    world.network.outages = [(START_S + 3600, START_S + 7200)]
    world.live(4 * 3600)
    deliver_all(world)
    stored, discarded, declared = account(world)
    assert stored >= 48 and discarded == declared == 0


def test_eight_days_without_network_cost_exactly_the_oldest_windows():
    world = World(sectors=300_000 // 4096, **SETTINGS)
    world.live(60)
    world.network.outages = [(START_S + 60, START_S + 8 * DAY_S)]
    world.live(8 * DAY_S - 60)
    waiting = world.node.outbox.unsent
    assert waiting >= 7 * 288
    discarded = world.node.outbox.discarded_full
    assert discarded == world.node.outbox.last_seq + 1 - waiting
    assert discarded % 31 == 0 and discarded > 0
    deliver_all(world, 4 * DAY_S)
    assert account(world)[1:] == (discarded, 0)
    rows = world.rows()
    assert rows[0]["window_start_s"] == START_S + discarded * WINDOW_S
    assert rows[-1]["discarded_full"] == discarded
    # While nothing could be sent, each report knew what had become of all before it.
    for row in rows[: waiting - 1]:
        assert row["seq"] == row["outbox_length"] + row["discarded_full"]


def test_a_report_whose_answer_was_lost_before_a_long_outage_is_stored_once():
    """The node must count it as discarded, for it never learns better; the rows tell."""
    world = World(sectors=3, **SETTINGS)
    world.live(3000)
    world.network.script = [network.CUT_AFTER]
    while not world.network.unanswered:
        world.node.turn()
    world.network.outages = [(world.clock.true_s(), world.clock.true_s() + DAY_S)]
    world.live(DAY_S)
    deliver_all(world)
    stored, lost, declared = account(world)
    assert world.node.outbox.discarded_full == lost + 1
