"""A short fuzz run; the long one is bench/parser.py."""

from sniffer import fuzzing


def test_mutated_frames_are_read_safely_and_by_the_rules():
    outcomes = fuzzing.run(frames=100_000, seed=1)
    assert sum(outcomes.values()) == 100_000
    reached = {name for name, count in outcomes.items() if count > 100}
    assert reached == set(outcomes) - {"UNHEARD", "DAMAGED"}
