"""What holds for every test: nothing is skipped where CI is set, names are for people."""

import os
import signal

import pytest


def pytest_configure():
    """Let the programs under test hear signals that nohup or a background shell has us ignore.

    A handler that does nothing goes on ignoring them here, but is not inherited by a program.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    return _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    return _failed_if_skipped(report)


def _failed_if_skipped(report):
    """Under CI turn a skip into a failure that keeps its reason (an expected failure stays one)."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI is set, where nothing may be: {reason}"
    return report


def pytest_make_parametrize_id(config, val, argname):
    """Call bytes by their argument: as a name they are unreadable, and fresh keys change them."""
    return argname if isinstance(val, bytes) and len(val) > 16 else None
