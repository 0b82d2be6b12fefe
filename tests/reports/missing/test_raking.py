"""Raking and weights: by hand, beside an independent implementation, and on whatever counts and margins there may be."""

import contextlib
import io
import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipfn import ipfn

from app.reports.missing.population import Margin, Population
from app.reports.missing.raking import NOT_SAID, Target, Unrakable, off_by, rake
from app.reports.missing.weights import Unweighable, usable, weigh

BY_HAND = Population(
    "by hand",
    (
        Margin(("sex",), {("woman",): 0.5, ("man",): 0.5}),
        Margin(("residence",), {("rural",): 0.75, ("town",): 0.25}),
    ),
)
SIDES = ("sex", "residence")


def test_one_margin_is_met_by_simple_division() -> None:
    found = weigh({("woman",): 20, ("man",): 80}, ["sex"], Population("", BY_HAND.margins[:1]))

    assert found.of(("woman",)) == pytest.approx(2.5)
    assert found.of(("man",)) == pytest.approx(0.625)
    assert found.design_effect == pytest.approx(100 * (20 * 2.5**2 + 80 * 0.625**2) / 100**2) == 1.5625
    assert found.effective == pytest.approx(64)


def test_two_margins_are_met_at_once_where_cells_are_a_product() -> None:
    counts = {("woman", "rural"): 6, ("woman", "town"): 24, ("man", "rural"): 14, ("man", "town"): 56}

    found = weigh(counts, SIDES, BY_HAND, limit=1000)

    # 30 of 100 are women, 20 rural: each cell is a product, so its weight is one too.
    assert found.of(("woman", "rural")) == pytest.approx(0.5 / 0.3 * 0.75 / 0.2)
    assert found.of(("man", "town")) == pytest.approx(0.5 / 0.7 * 0.25 / 0.8)
    assert found.off < 1e-9
    assert found.trimmed == 0


def test_who_did_not_say_keeps_the_share_that_she_has() -> None:
    counts = {("woman",): 10, ("man",): 70, (NOT_SAID,): 20}

    found = weigh(counts, ["sex"], Population("", BY_HAND.margins[:1]), limit=1000)

    assert found.of((NOT_SAID,)) == pytest.approx(1)
    assert found.of(("woman",)) == pytest.approx(4)
    assert found.of(("man",)) == pytest.approx(40 / 70)
    assert found.unsaid == {"sex": 20}


def test_a_category_that_nobody_is_in_is_named_and_the_others_share_the_rest() -> None:
    thirds = Population("", (Margin(("province",), {("A",): 0.5, ("B",): 0.3, ("C",): 0.2}),))

    found = weigh({("A",): 10, ("B",): 10}, ["province"], thirds)

    assert [(each.key, each.share) for each in found.without] == [(("C",), 0.2)]
    assert found.of(("A",)) == pytest.approx(0.5 / 0.8 * 2)
    assert found.of(("B",)) == pytest.approx(0.3 / 0.8 * 2)


def test_categories_that_are_taken_together_have_one_share_together() -> None:
    thirds = Population("", (Margin(("province",), {("A",): 0.5, ("B",): 0.3, ("C",): 0.2}),))

    found = weigh(
        {("A",): 20, ("B",): 4, ("C",): 16}, ["province"], thirds, joined={("province",): frozenset({("B",), ("C",)})}
    )

    assert found.of(("A",)) == pytest.approx(1)
    assert found.of(("B",)) == found.of(("C",)) == pytest.approx(1)
    assert found.without == ()


def test_margins_that_contradict_each_other_are_told_and_no_weight_is_given() -> None:
    counts = {("woman", "rural"): 5, ("man", "town"): 5}

    with pytest.raises(Unrakable, match=r"no weights fit all margins at once: (woman|man|rural|town) stays \d+%"):
        weigh(counts, SIDES, BY_HAND)


@pytest.mark.parametrize(("counts", "sides"), [({}, ["sex"]), ({("woman",): 0}, ["sex"]), ({("x",): 9}, ["age"])])
def test_nothing_to_weight_or_to_weight_to_is_told(counts: dict[tuple[str, ...], int], sides: list[str]) -> None:
    with pytest.raises(Unweighable):
        weigh(counts, sides, BY_HAND)


def test_a_margin_is_used_as_far_as_the_survey_asks_for_it() -> None:
    both = Population("", (Margin(("province", "sex"), {("A", "woman"): 0.4, ("A", "man"): 0.1, ("B", "woman"): 0.5}),))

    (margin,) = usable(both, ["sex"])

    assert margin.shares == pytest.approx({("woman",): 0.9, ("man",): 0.1})


def test_no_weight_is_larger_than_the_limit_and_the_margins_still_hold_where_they_can() -> None:
    counts = {("woman", "rural"): 28, ("woman", "town"): 11, ("man", "rural"): 14, ("man", "town"): 2}
    untrimmed = weigh(counts, SIDES, BY_HAND, limit=1000)

    found = weigh(counts, SIDES, BY_HAND, limit=3)

    assert untrimmed.largest > 3.3 * untrimmed.median
    assert found.largest == pytest.approx(3 * untrimmed.median, rel=1e-5)
    assert found.trimmed == 2
    assert found.off < 1e-9


def test_where_limit_and_margins_cannot_both_hold_it_says_how_far_they_are_off() -> None:
    found = weigh({("woman",): 2, ("man",): 98}, ["sex"], Population("", BY_HAND.margins[:1]), limit=5)

    assert found.of(("woman",)) == pytest.approx(5 * found.of(("man",)))
    assert found.trimmed == 2
    assert found.off == pytest.approx(0.5 - 10 / 108)


def random_case(rng: random.Random) -> tuple[dict[tuple[str, ...], int], list[Margin], tuple[int, ...]]:
    """Counts in every cell of three dimensions, and margins of a population that has people in each."""
    shape = (rng.randint(2, 5), rng.randint(2, 3), rng.randint(2, 6))
    cells = list(itertools.product(*(map(str, range(size)) for size in shape)))
    counts = {cell: rng.randint(1, 60) for cell in cells}
    people = {cell: rng.expovariate(1) + 0.02 for cell in cells}
    whole = Margin(("province", "sex", "age"), {cell: mass / sum(people.values()) for cell, mass in people.items()})
    return counts, [whole.over(("province", "sex")), whole.over(("age",))], shape


@pytest.mark.parametrize("seed", range(40))
def test_the_weights_are_those_of_an_independent_implementation(seed: int) -> None:
    counts, margins, shape = random_case(random.Random(seed))
    total = sum(counts.values())
    seen = np.zeros(shape)
    for cell, number in counts.items():
        seen[tuple(map(int, cell))] = number
    crossed = np.zeros(shape[:2])
    for (province, sex), share in margins[0].shares.items():
        crossed[int(province), int(sex)] = share * total
    ages = np.array([margins[1].shares[str(age),] * total for age in range(shape[2])])

    with contextlib.redirect_stdout(io.StringIO()):
        theirs = ipfn.ipfn(
            seen.copy(), [crossed, ages], [[0, 1], [2]], convergence_rate=1e-12, rate_tolerance=0, max_iteration=5000
        ).iteration()
    ours = weigh(counts, ("province", "sex", "age"), Population("", tuple(margins)), limit=1e9)

    for cell, number in counts.items():
        assert ours.of(cell) * number == pytest.approx(theirs[tuple(map(int, cell))], rel=1e-6)


@given(st.integers(0, 10**9), st.floats(1.5, 8))
def test_weights_have_the_mean_one_and_keep_to_the_limit(seed: int, limit: float) -> None:
    counts, margins, _ = random_case(random.Random(seed))
    people = Population("", tuple(margins))
    untrimmed = weigh(counts, ("province", "sex", "age"), people, limit=1e9)

    found = weigh(counts, ("province", "sex", "age"), people, limit=limit)

    total = sum(counts.values())
    assert sum(counts[cell] * weight for cell, weight in found.by_profile.items()) == pytest.approx(total)
    assert untrimmed.off <= 1e-9
    assert found.off <= 1e-9 or found.trimmed
    assert 1 <= found.design_effect <= untrimmed.design_effect * 1.2
    assert found.effective <= total * (1 + 1e-9)
    assert min(found.by_profile.values()) > 0


@given(st.integers(0, 10**9))
def test_weights_that_fit_already_stay_as_they_are(seed: int) -> None:
    counts, margins, _ = random_case(random.Random(seed))
    targets = [Target((0, 1), margins[0].shares), Target((2,), margins[1].shares)]
    first = rake(counts, targets)

    again = rake(counts, targets, first)

    assert off_by(counts, first, targets) <= 1e-9
    assert all(again[cell] == pytest.approx(weight, rel=1e-6) for cell, weight in first.items())
