"""The phone in the browser, against a real Izwi, in a real browser."""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.journeys import journey
from tests.server import serving

_QUIET = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


def test_a_survey_is_answered_dropped_and_gone_on_with_in_the_browser(chromium: str, tmp_path: Path) -> None:
    with serving(tmp_path, "--demo") as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=_QUIET)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        try:
            journey(served.url, page)
            _picture(page, "simulator-wide.png")
            page.set_viewport_size({"width": 360, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            _picture(page, "simulator-narrow.png")
        finally:
            browser.close()


def _picture(page: object, name: str) -> None:
    """Keep a screenshot where SCREENSHOTS says, for a person to look at."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / name), full_page=True)  # type: ignore[attr-defined]
