"""The page about XLSForms names everything that a form may have, and what to do about what it may not."""

import re
from pathlib import Path

import pytest

from app.flows.questions import QUESTIONS
from app.flows.questions.base import Accepted
from app.flows.reading.skipped import SKIPPED
from app.flows.reading.unsupported import CURES, SUPPORTED
from app.flows.xpath.functions import ARGUMENTS

PAGE = (Path(__file__).parents[2] / "docs" / "xlsform.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_type_has_its_row(name: str) -> None:
    rows = [line for line in LINES if line.startswith(f"| `{name}` |")]

    assert [row.count(" | ") for row in rows] == [4]


@pytest.mark.parametrize("name", ["integer", "decimal", "date", "time", "dateTime", "geopoint"])
def test_the_examples_of_a_type_are_taken_and_stored_as_the_page_says(name: str) -> None:
    row = next(line for line in LINES if line.startswith(f"| `{name}` |"))
    accepted, stored = (re.findall(r"`([^`]*[0-9][^`]*)`", cell) for cell in row.strip("| ").split(" | ")[3:5])
    kind = QUESTIONS[name]

    assert accepted
    assert all(isinstance(kind.read(reply, ()), Accepted) for reply in accepted)
    assert all(value.removesuffix("+02:00") in {kind.read(reply, ())[0] for reply in accepted} for value in stored)


def test_every_type_cell_that_is_taken_is_named() -> None:
    assert {kind for kind in SUPPORTED if f"`{kind}`" not in PAGE} == set()


@pytest.mark.parametrize("kind", CURES)
def test_every_type_that_is_refused_has_its_way_out(kind: str) -> None:
    row = next(line for line in LINES if f"`{kind}`" in line and line.endswith(f"| {CURES[kind]} |"))

    assert row


@pytest.mark.parametrize("kind", SKIPPED)
def test_every_type_that_is_skipped_says_why(kind: str) -> None:
    assert any(f"`{kind}`" in line and line.endswith(f"| {SKIPPED[kind]} |") for line in LINES)


def test_every_function_is_listed() -> None:
    assert {name for name in ARGUMENTS if f"`{name}()`" not in PAGE} == set()


@pytest.mark.parametrize(
    "column",
    [
        "short::<language>",
        "bind::izwi:role",
        "bind::izwi:end",
        "bind::izwi:typed",
        "bind::izwi:sensitive",
        "izwi:sensitive",
        "izwi:sensitive_by_sms",
        "izwi:quick_exit",
        "izwi:persons",
        "izwi:unsaid",
        "bind::izwi:distress",
        "bind::izwi:proxy",
        "bind::izwi:margin",
        "bind::izwi:says",
        "bind::izwi:date_order",
        "izwi:date_order",
        "izwi:numbers",
        "fixed",
        "compact_tag",
        "prefix",
        "delimiter",
        "field-list",
        "randomize=true",
    ],
)
def test_our_own_columns_are_explained(column: str) -> None:
    assert f"`{column}`" in PAGE
