"""The browser tests run where Debian's Chromium is; where it is not, the run says so in one line at its head."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visiting import Visit, World
from tests.server import serving

CHROMIUM = shutil.which("chromium")
# A network of its own needs a kernel that lets us make one.
ALONE = (
    shutil.which("unshare")
    and subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode == 0
)
collect_ignore_glob = [] if CHROMIUM else ["test_*.py"]
collect_ignore = [] if ALONE else ["test_without_network.py"]
_QUIET = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


def pytest_report_header() -> str:
    """Say at the head of the run whether the browser tests are part of it."""
    if not CHROMIUM:
        return "browser: no chromium here (apt install chromium), so no browser tests"
    return "browser: chromium" + ("" if ALONE else "; no network of its own can be made here, so no test without one")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=_QUIET)
        yield browser
        browser.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A real Izwi of the test's own, as `make run` starts it."""
    with serving(tmp_path, "--demo") as served:
        yield World(served, tmp_path)


@pytest.fixture
def visit(chromium: Browser, world: World) -> Iterator[Callable[..., Visit]]:
    """Open a browser for somebody of a role, at some width; at the end nothing may have gone wrong in it."""
    visits: list[Visit] = []

    def opened(role: str | None = "admin", *, width: int = 1200, scripts: bool = True) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        made = Visit(world, context, role)
        visits.append(made)
        return made

    yield opened
    for each in visits:
        each.close()
