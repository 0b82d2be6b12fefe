"""What is held against the database is refused where it differs."""

import pytest

from tests.shows import files
from tests.shows.truth import Truth

TRUTH = Truth(
    {"demo-a": {"sex": "woman", "story": "Far"}, "demo-b": {"sex": None}},
    {"sex": {"woman": "Munhukadzi", "man": "Munhurume"}},
    frozenset({"sex"}),
    frozenset({"story"}),
)
A, B = {"respondent": "demo-a", "sex": "woman", "story": "Far"}, {"respondent": "demo-b", "sex": "", "story": None}
CODED = [A | {"sex": "1"}, B | {"sex": "-9998", "story": ""}]


def test_what_is_as_in_the_database_is_counted() -> None:
    assert files.same_values([A, B], TRUTH) == 2
    assert files.same_labels([A | {"sex": "Munhukadzi"}, B], TRUTH) == 2
    assert files._coded(CODED, [A | {"sex": "Munhukadzi"}, B], TRUTH) == 2
    answers = [("demo-a", "sex", "woman"), ("demo-a", "story", "Far"), ("demo-b", "sex", "")]
    assert files.same_answers(answers, TRUTH, skips=True) == 3
    assert files.same_answers(answers[:2], TRUTH, skips=False) == 2


@pytest.mark.parametrize(
    "rows", [[A], [A, A], [A | {"sex": "man"}, B], [A | {"story": ""}, B], [A, B | {"sex": "man"}]]
)
def test_a_row_too_few_or_a_value_that_differs_is_refused(rows: list[files.Row]) -> None:
    with pytest.raises(AssertionError):
        files.same_values(rows, TRUTH)


@pytest.mark.parametrize(
    ("codes", "label"),
    [(CODED, "Munhurume"), ([CODED[0] | {"sex": "-9999"}, CODED[1]], "Munhukadzi"), (CODED[:1], "Munhukadzi"),
     ([CODED[0], CODED[1] | {"sex": "-9999"}], "Munhukadzi")],
)  # fmt: skip
def test_a_number_or_a_label_that_differs_is_refused(codes: list[dict[str, str]], label: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        files._coded(codes, [A | {"sex": label}, B], TRUTH)
