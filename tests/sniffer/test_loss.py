"""A few seconds of what bench/loss.py does for minutes."""

from sniffer.loss import measure


def test_a_listener_that_wakes_every_250_ms_loses_nothing_at_1000_frames_per_second():
    assert measure(1000, 3, wake_ms=250, sanitizer=True) == (3000, 3000, 0)


def test_a_stall_costs_what_the_ring_cannot_hold_and_every_loss_is_counted():
    loss = measure(2000, 2, wake_ms=50, stall_s=1)
    assert loss.kept + loss.dropped == loss.sent == 4000
    assert loss.dropped > 900  # a second's 2,000 frames meet a ring of 1,024
