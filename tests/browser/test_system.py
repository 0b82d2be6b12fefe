"""The service as whoever runs it sees it, at a test provider."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import Visit, World
from tests.provider.process import ProviderProcess
from tests.server import serving


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A real Izwi that no setting keeps from being connected."""
    with (
        ProviderProcess() as provider,
        serving(tmp_path, "--demo", channel="", africastalking_url=provider.url) as served,
    ):
        yield World(served, tmp_path)


def test_a_channel_is_held_and_released_and_the_doctor_is_asked(visit: Callable[..., Visit]) -> None:
    operator = visit("admin")
    page = operator.go("/system")
    operator.look("system")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("Somebody holds it")).to_be_visible()
    operator.look("system-held")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("All is well")).to_be_visible()
    operator.go("/audit?action=channels")
    expect(page.get_by_role("cell", name="channels release")).to_be_visible()

    operator.go("/system/doctor")
    operator.look("doctor")
    page.get_by_role("button", name="Ask them now").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_text("Nothing is sent to anybody")).to_be_visible()

    operator.go("/system/backups")
    page.get_by_role("button", name="Make a backup now").click()
    expect(page.get_by_text("Read it once whole")).to_be_visible()
    page.get_by_role("link", name="Go on").click()
    operator.look("backups")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Fetch").first.click()
    assert fetched.value.suggested_filename.endswith(".backup")

    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("system", "system/doctor", "system/backups", "system/hooks", "system/outbox", "system/processing",
                 "system/retention", "system/restart", "cases", "audit/verify"):  # fmt: skip
        operator.go(f"/{path}")
        operator.look(f"{path.replace('/', '-')}-narrow")


def test_a_provider_is_connected_with_a_wrong_key_then_with_a_right_one(visit: Callable[..., Visit]) -> None:
    operator = visit("admin")
    page = operator.go("/system/connect")
    operator.look("connect")
    page.get_by_label("User name").fill("nango")
    page.get_by_label("API key").fill("wrong-key")
    page.get_by_role("button", name="Test it").click()
    expect(page.get_by_role("alert")).to_contain_text("does not take this user name and API key")
    operator.look("connect-wrong")

    page.get_by_label("API key").fill("a-right-key")
    page.get_by_role("button", name="Test it").click()
    expect(page.get_by_text("the balance is KES 1785.50")).to_be_visible()
    operator.look("connect-right")
    page.get_by_role("button", name="Keep it").click()
    operator.look("restart")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Start again now").click()
    expect(page.get_by_role("heading", name="africastalking")).to_be_visible(timeout=60_000)
    # While it waited there was nobody to ask.
    assert all("CONNECTION_REFUSED" in each for each in operator.complaints), operator.complaints
    operator.complaints.clear()
    operator.go("/system/hooks")
    page.get_by_role("button", name="Show the addresses").click()
    expect(page.get_by_text("/ussd").first).to_be_visible()
    operator.look("hooks")
