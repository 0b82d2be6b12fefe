"""A coordinator's day where there is no network at all."""

import os
import subprocess
import sys

from tests.server import ROOT


def test_the_same_day_without_any_network() -> None:
    """In a network of its own, where nothing but this machine can be reached."""
    alone = [sys.executable, "-m", "tests.browser.alone", sys.executable, "-m", "pytest", "-n", "0"]
    which = "tests/browser/test_day.py::test_a_day_from_the_first_start_to_the_export"

    ended = subprocess.run(
        ["unshare", "-rn", *alone, "-p", "no:cacheprovider", which],
        cwd=ROOT, check=False, capture_output=True, text=True, env={**os.environ, "PYTEST_ADDOPTS": ""},
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-1000:]
    assert "1 passed" in ended.stdout
