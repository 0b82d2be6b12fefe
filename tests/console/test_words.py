"""The words of pages are all in the catalogues, and a translation keeps what is filled in."""

import re
from typing import Any

import pytest

from app.values import Role
from tests.console import catalogues
from tests.console.conftest import House

_FILLED = re.compile(r"%\(\w+\)[sd]")


@pytest.mark.parametrize("locale", ["sn", "nd"])
def test_a_catalogue_has_every_word_of_the_pages_and_no_other(locale: str) -> None:
    assert catalogues.ids(catalogues.kept(locale)) == catalogues.ids(catalogues.found()), (
        "python -m tests.console.catalogues"
    )


@pytest.mark.parametrize("locale", ["sn", "nd"])
def test_a_translation_fills_in_the_same(locale: str) -> None:
    translated = [
        (one, other)
        for each in catalogues.kept(locale)
        for one, other in zip(_forms(each.id), _forms(each.string), strict=False)
        if one and other
    ]

    assert len(translated) > 40
    for one, other in translated:
        assert sorted(_FILLED.findall(one)) == sorted(_FILLED.findall(other)), one


def _forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_pages_are_in_the_language_that_was_chosen_and_stay_so(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    assert "Broadcasts" in visitor.reads("/")

    assert visitor.post("/language", {"locale": "sn", "next": "/begin"}).headers["location"] == "/begin"
    page = visitor.get("/").text
    assert '<html lang="sn">' in page
    assert "Broadcasts" not in page

    stranger = house.visitor(None)
    assert '<html lang="nd">' in stranger.browser.get("/sign-in", headers={"Accept-Language": "nd,en;q=0.5"}).text
