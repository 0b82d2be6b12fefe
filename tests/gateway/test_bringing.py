"""Surveys out of a folder, with the files that lie beside them; and who a form is told that a respondent is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app import main
from app.cli.handset import NUMBER, Clock, Network
from app.gateway import library
from app.gateway.bringing import attached, bring, digest
from app.models.people import respondent
from app.settings import Settings
from tests.forms import as_csv, as_xlsx
from tests.phone import Phone

SHOPS = "name,label\ns1,First shop\n"
SURVEY = {
    "survey": [
        ["type", "name", "label"],
        ["deviceid", "device", ""],
        ["username", "person", ""],
        ["select_one_from_file shops.csv", "shop", "Which shop?"],
        ["text", "why", "Why there?"],
    ],
    "settings": [["form_id"], ["shopping"]],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of surveys: one with a list, one without, and what people leave lying about."""
    folder = tmp_path / "surveys"
    folder.mkdir()
    (folder / "shopping.xlsx").write_bytes(as_xlsx(SURVEY))
    (folder / "plain.csv").write_bytes(as_csv({"survey": [["type", "name", "label"], ["text", "a", "A?"]]}))
    (folder / "shops.csv").write_text(SHOPS, encoding="utf-8")
    (folder / "other.csv").write_text("name,label\nx,X\n", encoding="utf-8")
    (folder / "notes.xml").write_text("<notes/>", encoding="utf-8")
    return folder


def test_lists_that_lie_beside_surveys_are_no_surveys(folder: Path) -> None:
    assert [file.name for file in library.brought(folder)] == ["plain.csv", "shopping.xlsx"]


def test_a_form_gets_what_lies_beside_it_and_first_what_is_in_its_own_folder(folder: Path) -> None:
    media = folder / "shopping-media"
    media.mkdir()
    (media / "shops.csv").write_text("name,label\ns2,Second shop\n", encoding="utf-8")

    files = attached(folder / "shopping.xlsx")

    assert sorted(files) == ["notes.xml", "other.csv", "shops.csv"]
    assert b"Second shop" in bring(folder / "shopping.xlsx").xform


def test_a_survey_is_another_when_a_list_of_its_own_changes(folder: Path) -> None:
    before = {name: digest(folder / name) for name in ("shopping.xlsx", "plain.csv")}

    (folder / "other.csv").write_text("name,label\ny,Y\n", encoding="utf-8")
    assert {name: digest(folder / name) for name in before} == before

    (folder / "shops.csv").write_text(SHOPS + "s2,Second shop\n", encoding="utf-8")
    assert digest(folder / "shopping.xlsx") != before["shopping.xlsx"]
    assert digest(folder / "plain.csv") == before["plain.csv"]


def test_a_file_without_lists_beside_it_has_the_digest_that_it_always_had(tmp_path: Path) -> None:
    file = tmp_path / "plain.md"
    file.write_bytes(b"")

    assert digest(file) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def shopping(folder: Path, settings: Settings) -> Iterator[Network]:
    """A service that asks the survey with the list."""
    made = main.assemble(settings.model_copy(update={"surveys_dir": folder, "survey": "shopping"}))
    yield Network(made, Clock())
    made.close()


def pseudonyms(network: Network) -> list[str]:
    def read(connection: Connection) -> list[str]:
        return list(connection.execute(sa.select(respondent.c.pseudonym)).scalars())

    return network.parts.database.read(read)


def test_a_form_is_told_the_pseudonym_and_nothing_else_of_who_she_is(shopping: Network) -> None:
    phone = Phone(shopping, NUMBER)
    phone.dial()
    phone.replies("1", "It is near.")

    (journey,) = phone.journeys()
    stored = {each.question: each.value for each in journey.answers}
    (pseudonym,) = pseudonyms(shopping)
    assert stored == {"device": f"izwi:{pseudonym}", "person": pseudonym, "shop": "s1", "why": "It is near."}


def test_she_who_starts_again_is_still_the_same(shopping: Network) -> None:
    phone = Phone(shopping, NUMBER)
    phone.dial()
    phone.replies("1")
    phone.drop()
    phone.dial()
    phone.replies("2", "1", "It is near.")

    journeys = phone.journeys()
    stored = {each.question: each.value for each in journeys[-1].answers}
    (pseudonym,) = pseudonyms(shopping)
    assert len(journeys) == 2
    assert stored["person"] == pseudonym
