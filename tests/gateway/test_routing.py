"""Which survey a text message asks for: keywords, their synonyms, and what they are mistyped as."""

import pytest

from app.gateway.routing import Routes
from app.settings import Settings

ROUTES = Routes.of(Settings(keywords={"IZWI": "voices", "IZWO": "voices", "MARKET": "market", "MUSIKA": "market"}))


@pytest.mark.parametrize(
    ("text", "survey"),
    [
        ("izwi", "voices"), (" IZWI please", "voices"), ("musika!", "market"), ("izwe", "voices"), ("Isiwi", None),
        ("marker", "market"), ("markt", "market"), ("iz", None), ("hello there", None), ("1234", None), ("", None),
        ("izwi1", None),
    ],
)  # fmt: skip
def test_a_keyword_is_known_by_its_first_word_and_slips_are_forgiven(text: str, survey: str | None) -> None:
    assert ROUTES.survey_of_text(text, in_conversation=False) == survey


def test_within_a_conversation_only_the_keyword_itself_begins_anything() -> None:
    said = [ROUTES.survey_of_text(text, in_conversation=True) for text in ("izwi", "izwe", "izwi please", "marker")]

    assert said == ["voices", None, None, None]


def test_a_word_that_is_near_to_keywords_of_two_surveys_begins_neither() -> None:
    routes = Routes.of(Settings(keywords={"FARMS": "a", "FARMA": "b"}))

    assert [routes.survey_of_text(text, in_conversation=False) for text in ("farms", "farmz")] == ["a", None]
