"""The server is killed in mid-survey: every acknowledged answer is there afterwards, once. See also `make kill`."""

import pytest

from tests.journeys import Journey, compare
from tests.kills import kill_again_and_again, place

KILLS = 10
GIVEN = Journey(acknowledged={"adult": "yes", "sex": None}, posted={"adult": {"yes"}, "sex": {None, "man"}})


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_acknowledged_answer_is_lost_or_doubled_when_the_server_is_killed(database: str) -> None:
    with place(database) as (folder, url):
        result = kill_again_and_again(database, KILLS, seed=1, folder=folder, url=url)

    assert result.verdict.good, result.verdict.details
    assert len(result.restarts) == KILLS + 1
    assert result.verdict.acknowledged > 10 * KILLS


def test_the_comparison_is_content_with_what_was_given() -> None:
    verdict = compare({"a": [GIVEN]}, {"a": [{"adult": ["yes"], "sex": [None]}]})

    assert verdict.good
    assert verdict.acknowledged == 2


def test_an_answer_that_was_acknowledged_and_never_stored_is_found() -> None:
    verdict = compare({"a": [GIVEN]}, {"a": [{"adult": ["yes"]}]})

    assert (verdict.good, verdict.missing) == (False, 1)


def test_a_stored_value_that_differs_from_the_acknowledged_one_is_found() -> None:
    verdict = compare({"a": [GIVEN]}, {"a": [{"adult": ["yes"], "sex": ["man"]}]})

    assert (verdict.good, verdict.missing, verdict.doubled) == (False, 1, 0)


def test_a_reply_that_was_counted_for_the_next_question_too_is_found() -> None:
    stored = {"adult": ["yes"], "sex": [None], "age_band": ["18-24"]}

    assert compare({"a": [GIVEN]}, {"a": [stored]}).doubled == 1


def test_an_answer_that_is_stored_twice_is_found() -> None:
    assert compare({"a": [GIVEN]}, {"a": [{"adult": ["yes", "yes"], "sex": [None]}]}).doubled == 1


@pytest.mark.parametrize("runs", [[], [{"adult": ["yes"], "sex": [None]}, {}]])
def test_a_run_that_is_gone_or_too_many_is_found(runs: list[dict[str, list[str | None]]]) -> None:
    assert compare({"a": [GIVEN]}, {"a": runs}).lost_runs == 1
