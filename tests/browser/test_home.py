"""The first page."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visiting import Visit


def test_home_shows_a_card_for_each_survey_and_moves_by_itself(visit: Callable[..., Visit]) -> None:
    visitor = visit("coordinator")
    page = visitor.go("/")

    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Leave No One Behind"))
    expect(card).to_contain_text("no answer yet")
    visitor.look("home")
