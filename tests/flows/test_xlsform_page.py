"""The page about XLSForms names everything that a form may have, and what to do about what it may not."""

from pathlib import Path

import pytest

from app.flows.functions import ARGUMENTS
from app.flows.questions import QUESTIONS
from app.flows.unsupported import CURES, SUPPORTED

PAGE = (Path(__file__).parents[2] / "docs" / "xlsform.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_type_has_its_row(name: str) -> None:
    rows = [line for line in LINES if line.startswith(f"| `{name}` |")]

    assert [row.count(" | ") for row in rows] == [4]


def test_every_type_cell_that_is_taken_is_named() -> None:
    assert {kind for kind in SUPPORTED if f"`{kind}`" not in PAGE} == set()


@pytest.mark.parametrize("kind", CURES)
def test_every_type_that_is_refused_has_its_way_out(kind: str) -> None:
    row = next(line for line in LINES if f"`{kind}`" in line and line.endswith(f"| {CURES[kind]} |"))

    assert row


def test_every_function_is_listed() -> None:
    assert {name for name in ARGUMENTS if f"`{name}()`" not in PAGE} == set()


@pytest.mark.parametrize(
    "column", ["short::<language>", "bind::izwi:role", "bind::izwi:end", "fixed", "randomize=true"]
)
def test_our_own_columns_are_explained(column: str) -> None:
    assert f"`{column}`" in PAGE
