"""The browser tests run where Debian's Chromium is; where it is not, the run says so in one line at its head."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium")
collect_ignore = [] if CHROMIUM else ["test_simulator.py"]


def pytest_report_header() -> str:
    """Say at the head of the run whether the browser tests are part of it."""
    return "browser: chromium" if CHROMIUM else "browser: no chromium here (apt install chromium), so no browser tests"


@pytest.fixture
def chromium() -> str:
    """The browser's path."""
    assert CHROMIUM
    return CHROMIUM
