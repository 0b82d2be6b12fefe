"""The first page."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visiting import Visit, World


def test_home_shows_a_card_for_each_survey_and_moves_by_itself(visit: Callable[..., Visit]) -> None:
    visitor = visit("coordinator")
    page = visitor.go("/")

    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Leave No One Behind"))
    expect(card).to_contain_text("no answer yet")
    visitor.look("home")


def test_izwi_ends_at_once_though_a_live_page_is_open(visit: Callable[..., Visit], world: World) -> None:
    page = visit("coordinator").go("/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    world.served.end()
    page.goto("about:blank")  # a live page looks for its server, and would complain

    assert "Finished server process" in world.served.log.read_text()
