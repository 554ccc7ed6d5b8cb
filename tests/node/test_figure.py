"""From counts to the figure: the arithmetic of both methods, against fractions."""

from torgpuls.firmware.node import figure


def counts(s70_q8=0, f70=0, s75_q8=0, f75=0, sall_q8=0):
    return [s70_q8, f70, s75_q8, f75, sall_q8, 0, 0, 0, 0, 0]


def rounded_half_up(numerator, denominator):
    """floor(x + 1/2) in whole numbers."""
    return (2 * numerator + denominator) // (2 * denominator)


def test_an_empty_square_is_nobody():
    assert figure.present(counts(), figure.METHOD_SQUARE) == 0
    assert figure.present(counts(), figure.METHOD_HALL) == 0


def test_the_square_is_half_of_both_sums_and_three_tenths_of_both_heard_once():
    # ½(10 + 14) + 0.3(3 + 4) = 12 + 2.1
    assert figure.present(counts(10 * 256, 3, 14 * 256, 4), figure.METHOD_SQUARE) == 14
    for s70_q8 in range(0, 3000, 97):
        for s75_q8 in range(0, 3000, 101):
            for f in range(0, 12):
                exact = rounded_half_up(5 * (s70_q8 + s75_q8) + 768 * f, 2560)
                assert figure.present(counts(s70_q8, f, s75_q8, 0), figure.METHOD_SQUARE) == exact


def test_a_half_is_rounded_up():
    assert figure.present(counts(s70_q8=256), figure.METHOD_SQUARE) == 1
    assert figure.present(counts(s70_q8=255), figure.METHOD_SQUARE) == 0
    assert figure.present(counts(sall_q8=128), figure.METHOD_HALL) == 1
    assert figure.present(counts(sall_q8=127), figure.METHOD_HALL) == 0


def test_the_hall_hears_everyone():
    assert figure.present(counts(s70_q8=256, sall_q8=50 * 256), figure.METHOD_HALL) == 50
    assert figure.gates_dbm(figure.METHOD_SQUARE) == (-70, -75)
    assert figure.gates_dbm(figure.METHOD_HALL) == (-128, -128)
