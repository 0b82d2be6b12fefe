"""What always holds for published figures, whatever was counted."""

import math
import random
from statistics import mean

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycanon import anonymity

from app.reports.figures.publish import publish
from app.reports.figures.published import Published, wilson
from app.reports.figures.rounding import rounded, rounded_weighted
from app.reports.figures.rules import STEP, BelowFloor, Rules
from app.reports.figures.table import NO_ANSWER, TOTAL, Cell, Dimension, Table, mark
from tests.reports.figures.people import SECRET, counted, crowd

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@settings(max_examples=80)
@given(SIZES, st.integers(0, 700), st.integers(0, 10_000))
def test_every_figure_is_a_multiple_of_five_and_none_is_below_ten(sizes: list[int], people: int, seed: int) -> None:
    table = counted(*crowd(seed, sizes, people))
    published = publish(table, Rules(), SECRET)
    assert len(published.figures) == math.prod(size + 1 for size in sizes)
    for figure in published.figures.values():
        assert figure.n is None or (figure.n % STEP == 0 and figure.n >= 10)


@settings(max_examples=80)
@given(st.integers(20, 500), st.integers(0, 10_000), st.integers(21, 60))
def test_those_at_risk_need_twenty_and_are_never_shown_by_district(people: int, seed: int, smallest: int) -> None:
    table = counted(*crowd(seed, (3, 3), people))
    rules = Rules(at_risk=smallest, high_risk={"d0": frozenset({"c0"})}, fine=frozenset({"d1"}))
    figures = publish(table, rules, SECRET).figures
    assert all(figures["c0", place].n is None for place in ("c0", "c1", "c2"))
    alone = sum(cell.n for key, cell in table.cells.items() if key[0] == "c0")
    assert figures["c0", TOTAL].n is None or alone >= smallest


@settings(max_examples=60)
@given(st.sets(st.integers(1, 10**12), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_same_people_are_rounded_alike_however_they_were_added_up(ids: set[int], chance: random.Random) -> None:
    cells = [Cell(1, mark(each, each * each % 2147483647)) for each in ids]
    sums = set()
    for _ in range(3):
        chance.shuffle(cells)
        total = Cell(0, bytes(16))
        for each in cells:
            total += each
        sums.add((total.mark, rounded(total, SECRET)))
    assert len(sums) == 1


def test_other_people_and_other_keys_are_rounded_for_themselves_and_nothing_leans() -> None:
    found = [rounded(Cell(13, mark(number, number * 7)), SECRET) for number in range(4000)]
    assert set(found) == {10, 15}
    assert abs(mean(found) - 13) < 0.2
    other = [rounded(Cell(13, mark(number, number * 7)), b"another key") for number in range(4000)]
    assert 0.4 < mean(one == two for one, two in zip(found, other, strict=True)) < 0.65


def test_weighted_numbers_are_rounded_by_the_same_people_too() -> None:
    found = [rounded_weighted(Cell(20, mark(number, 1), 21.5), SECRET) or 0 for number in range(4000)]
    assert set(found) == {20, 25}
    assert abs(mean(found) - 21.5) < 0.2
    assert rounded_weighted(Cell(20, mark(1, 1)), SECRET) is None


@pytest.mark.parametrize(("smallest", "at_risk"), [(9, 20), (10, 19), (30, 20)])
def test_no_rules_go_below_the_floor(smallest: int, at_risk: int) -> None:
    with pytest.raises(BelowFloor):
        Rules(smallest, at_risk)


def test_an_independent_program_finds_ten_people_or_more_behind_each_shown_cell() -> None:
    """pycanon reckons k of the people whose cells are shown; of one person more, who is alone, it says so."""
    for seed in range(3):
        dimensions, people = crowd(seed, (3, 3, 2), 2000)
        figures = publish(counted(dimensions, people), Rules(), SECRET).figures
        names = [each.name for each in dimensions]
        shown = pd.DataFrame([each.key for each in people if figures[each.key].n is not None], columns=names)
        assert len(shown) > 300
        assert anonymity.k_anonymity(shown, names) >= 10
        lone = pd.concat([shown, pd.DataFrame([("c9", "c9", "c9")], columns=names)], ignore_index=True)
        assert anonymity.k_anonymity(lone, names) == 1


def test_shares_and_intervals_come_from_the_figures_that_are_shown() -> None:
    cells = {
        ("a",): Cell(61, mark(1, 1)),
        ("b",): Cell(32, mark(2, 2)),
        (NO_ANSWER,): Cell(14, mark(3, 3)),
    }
    published = publish(Table((Dimension("q", ("a", "b", NO_ANSWER)),), cells), Rules(), SECRET).shares_of("q")
    a, base = published.at(("a",)), published.base((TOTAL,), 0)
    assert base.n is not None
    assert base.n == (published.at((TOTAL,)).n or 0) - (published.at((NO_ANSWER,)).n or 0)
    assert a.share == pytest.approx((a.n or 0) / base.n)
    assert (a.low, a.high) == wilson(a.share or 0, base.n)
    assert published.at((NO_ANSWER,)).share is None


def test_who_said_nothing_stays_in_the_base_unseen_only_where_little_is_not_shown() -> None:
    asked = Dimension("q", ("a", "b", "c", NO_ANSWER))

    def shares(silent: int, other: int) -> Published:
        cells = {("a",): 300, ("b",): 300, ("c",): other, (NO_ANSWER,): silent}
        counted = {key: Cell(n, mark(place, n)) for place, (key, n) in enumerate(cells.items())}
        return publish(Table((asked,), counted), Rules(), SECRET).shares_of("q")

    few, many = shares(4, 15), shares(200, 4)

    assert few.at((NO_ANSWER,)).n is None
    assert few.base((TOTAL,), 0) == few.at((TOTAL,))
    assert few.at(("a",)).share == pytest.approx((few.at(("a",)).n or 0) / (few.at((TOTAL,)).n or 1))
    hidden = [each for each in ("a", "b", NO_ANSWER) if many.at((each,)).n is None]
    assert hidden, "something is hidden beside the few"
    if NO_ANSWER in hidden:
        assert many.base((TOTAL,), 0).n is None
        assert all(many.at((each,)).share is None for each in asked.categories)


def test_weights_make_intervals_wider_and_leave_the_number_of_people() -> None:
    cells = {("a",): Cell(60, mark(1, 1), 90.0), ("b",): Cell(140, mark(2, 2), 110.0)}
    published = publish(Table((Dimension("q", ("a", "b")),), cells), Rules(), SECRET)

    plain, weighted = published.shares_of("q").at(("a",)), published.shares_of("q", 2.0).at(("a",))

    assert (plain.n, weighted.n) == (60, 60)
    assert weighted.share == plain.share == pytest.approx(90 / 200)
    assert (weighted.low, weighted.high) == wilson(0.45, 100)


def test_wilson_is_what_the_book_says() -> None:
    """Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    book = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for (n, base), expected in book.items():
        assert np.allclose(wilson(n / base, base), expected, atol=0.00006)
