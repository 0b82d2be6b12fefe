"""What is hidden: few people, and whatever would tell of them by what is left."""

from hypothesis import given
from hypothesis import strategies as st

from app.reports.missing.exit import FLOOR, is_few, shown


def test_few_are_hidden_and_nobody_is_not() -> None:
    assert shown([25, 3, 0, 40, 9]) == [25, None, 0, 40, None]


def test_one_that_is_few_takes_the_smallest_other_with_it() -> None:
    assert shown([25, 3, 40]) == [None, None, 40]


def test_those_that_are_hidden_are_not_few_together() -> None:
    assert shown([4, 5, 30, 20]) == [None, None, 30, None]


def test_a_whole_table_of_few_people_is_few() -> None:
    assert [is_few(count) for count in (0, 1, 9, 10)] == [False, True, True, False]


@given(st.lists(st.integers(0, 60), max_size=12))
def test_the_total_never_tells_what_is_hidden(parts: list[int]) -> None:
    seen = shown(parts)
    hidden = [count for count, there in zip(parts, seen, strict=True) if there is None]

    assert [count for count in seen if count is not None and 0 < count < FLOOR] == []
    assert all(there in (None, count) for count, there in zip(parts, seen, strict=True))
    if hidden and any(seen):
        assert len(hidden) > 1
        assert sum(hidden) >= FLOOR
