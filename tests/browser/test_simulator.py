"""The phone in the browser, against a real Izwi, in a real browser."""

from collections.abc import Callable

from tests.browser.journeys import journey
from tests.browser.visiting import Visit, World


def test_a_survey_is_answered_dropped_and_gone_on_with_in_the_browser(
    visit: Callable[..., Visit], world: World
) -> None:
    visitor = visit(None)

    journey(world.url, visitor.page)
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.look("simulator-narrow")
