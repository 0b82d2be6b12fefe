"""From nothing to the first page."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visiting import Visit, World
from tests.console.conftest import PASSWORD


def test_the_first_account_is_made_with_the_printed_code(visit: Callable[..., Visit], world: World) -> None:
    visitor = visit(None, width=360)
    page = visitor.go("/")
    expect(page.get_by_role("heading", name="Welcome to Izwi")).to_be_visible()
    visitor.look("welcome-narrow")

    page.get_by_label("Code").fill(world.code)
    page.get_by_label("Your name").fill("Rudo Admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()

    expect(page.get_by_role("heading", name="Begin here")).to_be_visible()
    visitor.look("begin-narrow")
    page.get_by_role("button", name="Try it with simulated people").click()
    expect(page.get_by_text("200 simulated people have answered")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Go on").click()

    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Leave No One Behind"))
    expect(card).to_contain_text(re.compile(r"Started\s*200"))
    visitor.look("home-narrow")

    visitor.go("/begin")
    page.get_by_role("button", name="Remove all simulated respondents").click()
    expect(page.get_by_text("200 simulated respondents were removed")).to_be_visible(timeout=60_000)
