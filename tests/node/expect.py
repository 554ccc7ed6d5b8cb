"""What tests on MicroPython have instead of pytest.raises."""


def raises(kind, call, *arguments):
    """Call `call(*arguments)`, which must raise `kind`; return the exception that it raised."""
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError("did not raise " + kind.__name__)
