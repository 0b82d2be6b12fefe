"""An attacker with linear programming who gets all that is published, and must not learn a hidden number."""

from collections.abc import Mapping, Sequence

import pytest

from app.reports.figures.publish import publish
from app.reports.figures.published import Published
from app.reports.figures.rules import Rules
from app.reports.figures.table import TOTAL, Dimension, Key, Table
from tests.reports.figures.attacker import Attacker, exactly, margins, roughly
from tests.reports.figures.people import SECRET, SHAPES, counted, crowd, families

RULES = Rules()
RISKY = Rules(high_risk={"d0": frozenset({"c1"})}, fine=frozenset({"d1"}))
MOST = 40  # hidden cells that are attacked one by one


def true_counts(table: Table) -> dict[Key, int]:
    return {
        key: sum(
            cell.n for each, cell in table.cells.items() if all(b in {TOTAL, a} for a, b in zip(each, key, strict=True))
        )
        for key in margins(table.dimensions)
    }


def parted(table: Table, published: Published) -> tuple[dict[Key, int], list[Key]]:
    """The true numbers of what is shown, and what is hidden."""
    counts = true_counts(table)
    shown = {key: counts[key] for key, figure in published.figures.items() if figure.n is not None}
    return shown, [key for key in published.figures if key not in shown]


def widened(key: Key, own: Sequence[Dimension], all_of_them: Sequence[Dimension]) -> Key:
    """A key of a smaller table in the table of all dimensions."""
    said = {dimension.name: category for dimension, category in zip(own, key, strict=True)}
    return tuple(said.get(each.name, TOTAL) for each in all_of_them)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("rules", [RULES, RISKY], ids=["plain", "high risk"])
def test_who_knows_all_shown_numbers_exactly_learns_no_hidden_one(shape: Sequence[int], rules: Rules) -> None:
    attacked = reached = 0
    for seed, people in ((1, 80), (2, 400), (3, 1500)):
        table = counted(*crowd(seed, shape, people))
        shown, hidden = parted(table, publish(table, rules, SECRET))
        assert hidden
        if not shown:
            continue
        attacker = Attacker(table.dimensions, exactly(shown))
        assert attacker.solvable(hidden) == []
        for key in hidden[:MOST]:
            low, high = attacker.interval(key)
            assert high - low > 0.99  # another whole number is as good
            attacked, reached = attacked + 1, reached + (high > rules.smallest - 0.01)
    assert attacked > 2
    assert reached > 0.9 * attacked  # of most it cannot even be said that they are too small to be shown


def test_without_the_other_hidden_cells_the_same_attacker_wins() -> None:
    won = 0
    for shape in SHAPES:
        table = counted(*crowd(3, shape, 1500))
        counts = true_counts(table)
        shown = {key: n for key, n in counts.items() if n >= RULES.smallest}
        won += len(Attacker(table.dimensions, exactly(shown)).solvable([key for key in counts if key not in shown]))
    assert won > 5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rounding_leaves_room_around_every_hidden_number(shape: Sequence[int]) -> None:
    table = counted(*crowd(5, shape, 700))
    published = publish(table, RULES, SECRET)
    figures = {key: figure.n for key, figure in published.figures.items() if figure.n is not None}
    attacker = Attacker(table.dimensions, roughly(figures, RULES.smallest))
    _, hidden = parted(table, published)
    counts = true_counts(table)
    for key in hidden[:MOST]:
        low, high = attacker.interval(key)
        assert low - 0.01 < counts[key] < high + 0.01  # the attacker's own reckoning is right
        assert high - low > 0.99


def test_many_tables_with_filters_together_give_nothing_away() -> None:
    """All tables of two of four dimensions and all of three, each of which is the other's filter."""
    for seed in range(3):
        dimensions, people = crowd(seed, (3, 3, 2, 3), 500)
        table, known, hidden = counted(dimensions, people), {}, set()
        counts = true_counts(table)
        for names in (*families([each.name for each in dimensions], 2), *families(["d0", "d1", "d2", "d3"], 3)):
            smaller = table.along(names)
            for key, figure in publish(smaller, RULES, SECRET).figures.items():
                wide = widened(key, smaller.dimensions, dimensions)
                assert (figure.n is None) == (wide in hidden) or wide not in {*hidden, *known}
                if figure.n is None:
                    hidden.add(wide)
                else:
                    known[wide] = counts[wide]
        attacker = Attacker(dimensions, exactly(known))
        assert attacker.solvable(sorted(hidden)) == []
        assert all(high - low > 0.99 for low, high in map(attacker.interval, sorted(hidden)[:MOST]))


def test_the_same_cell_is_hidden_or_shown_and_rounded_alike_in_every_table() -> None:
    dimensions, people = crowd(7, (4, 4, 3), 600)
    table = counted(dimensions, people)
    whole = publish(table, RULES, SECRET)
    for names in (("d0",), ("d2", "d0"), ("d1", "d2")):
        smaller = table.along(names)
        for key, figure in publish(smaller, RULES, SECRET).figures.items():
            assert whole.figures[widened(key, smaller.dimensions, dimensions)] == figure


def test_two_releases_together_pin_no_hidden_number_down() -> None:
    dimensions, people = crowd(11, (4, 5), 210)
    releases = (*dimensions, Dimension("release", ("first", "added")))
    known: dict[Key, tuple[float, float]] = {(TOTAL, TOTAL, "added"): (10, 10)}
    hidden = []
    for group, part in (("first", people[:200]), (TOTAL, people)):
        published = publish(counted(dimensions, part), RULES, SECRET)
        figures = {key: figure.n for key, figure in published.figures.items() if figure.n is not None}
        known |= {(*key, group): bounds for key, bounds in roughly(figures, RULES.smallest).items()}
        hidden += [(*key, group) for key in published.figures if key not in figures]
    assert hidden
    attacker = Attacker(releases, known)
    assert all(high - low > 0.99 for low, high in map(attacker.interval, hidden))


def test_who_leaves_is_seen_in_exact_numbers_but_not_in_rounded_ones() -> None:
    """The attacker compares a table with that of the same people but one, and names the cell that she was in."""
    dimensions, people = crowd(3, (3, 4), 400)

    def named(before: Mapping[Key, int | None], after: Mapping[Key, int | None]) -> list[Key]:
        return [key for key, n in before.items() if n != after[key] and TOTAL not in key]

    def figures(part: Table) -> dict[Key, int | None]:
        return {key: figure.n for key, figure in publish(part, RULES, SECRET).figures.items()}

    everybody = counted(dimensions, people)
    exact, shown = true_counts(everybody), figures(everybody)
    found = guessed = 0
    for gone in people[:60]:
        rest = counted(dimensions, [each for each in people if each is not gone])
        found += named(exact, true_counts(rest)) == [gone.key]
        guessed += named(shown, figures(rest)) == [gone.key]
    assert found == 60
    assert guessed < 45
