"""What tests on both interpreters need in place of pytest."""


def raises(error, call, *args, **named):
    """Return the `error` that call(*args, **named) raises; AssertionError when it does not."""
    try:
        call(*args, **named)
    except error as raised:
        return raised
    raise AssertionError(f"no {error.__name__} from {call}")
