"""A reply of a whole book: one person must not keep all others waiting."""

from time import process_time

import pytest

from app.flows.questions.base import Refused
from app.flows.questions.select_multiple import SelectMultiple
from app.flows.questions.select_one import SelectOne
from tests.journeys import survey

GROUPS = survey().by_name["inequality"].choices


@pytest.mark.parametrize("reply", ["girl wom " * 4400, "girls and womem," * 2500, "1 " * 20_000, "*" * 40_000])
@pytest.mark.parametrize("kind", [SelectOne(), SelectMultiple()])
def test_a_reply_as_long_as_a_book_is_refused_at_once(kind: SelectOne | SelectMultiple, reply: str) -> None:
    assert GROUPS is not None
    began = process_time()

    assert isinstance(kind.read(reply, GROUPS.choices), Refused)

    assert process_time() - began < 0.5
