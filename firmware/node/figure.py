"""From one window's counts to the one figure that leaves the node: `present`.

Methods (the report names the one it was made with; figures of different methods do not
compare). S and F are defined in firmware/sniffer/tally.h; S comes in 1/256.

    1 square  ½(S70 + S75) + 0.3(F70 + F75)    gates -70 and -75 dBm: the people near the node
    2 hall    S without a gate                 everyone whom the node hears

The weights of method 1 were measured on the captures of Brno and the mixes.
"""

METHOD_SQUARE = 1
METHOD_HALL = 2

# The order of close_window's integers: firmware/sniffer/sniffer.h, enum sniffer_count.
COUNT_S70_Q8 = 0
COUNT_F70 = 1
COUNT_S75_Q8 = 2
COUNT_F75 = 3
COUNT_SALL_Q8 = 4
COUNT_FALL = 5
COUNT_FLAGS = 6
COUNT_KEPT = 7
COUNT_DROPPED = 8
COUNT_HOP_ERRORS = 9
COUNTS_SIZE = 10

NO_GATE_DBM = -128


def present(counts, method: int) -> int:
    """Return the people estimated from `counts` (COUNTS_SIZE integers), rounded half up."""
    if method == METHOD_HALL:
        return (counts[COUNT_SALL_Q8] + 128) // 256
    # Everything times 2560 = 256 * 10, so that 0.5 S and 0.3 F are whole numbers.
    s_q8 = counts[COUNT_S70_Q8] + counts[COUNT_S75_Q8]
    f = counts[COUNT_F70] + counts[COUNT_F75]
    return (5 * s_q8 + 768 * f + 1280) // 2560


def gates_dbm(method: int) -> tuple:
    """Return the method's (nearer, farther) RSSI gate in dBm; NO_GATE_DBM where it has none."""
    if method == METHOD_HALL:
        return NO_GATE_DBM, NO_GATE_DBM
    return -70, -75


def bits(count: int) -> int:
    """Return how many binary digits a count has: 0 -> 0, 1 -> 1, 2 and 3 -> 2, …"""
    digits = 0
    while count > 0:
        count >>= 1
        digits += 1
    return digits


def power_of_two(count: int) -> int:
    """Return the largest power of two that is not above a count; 0 for 0."""
    return 1 << (bits(count) - 1) if count > 0 else 0
