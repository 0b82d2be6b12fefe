"""The one exit for figures (D8): whatever shows counts calls `publish`, and shows nothing but what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.reports.figures.hiding import hide
from app.reports.figures.published import HIDDEN, Figure, Published
from app.reports.figures.rounding import rounded, rounded_weighted
from app.reports.figures.rules import Rules
from app.reports.figures.table import TOTAL, Cell, Key, Table
from app.reports.figures.vectors import Names, places, subsets


@dataclass(frozen=True, slots=True)
class Exit:
    """The way out for the figures of one survey, whatever they are of."""

    rules: Rules
    key: bytes

    def table(self, table: Table) -> Published:
        """A table with all its totals."""
        return publish(table, self.rules, self.key)

    def alone(self, cell: Cell) -> Figure:
        """A number that stands in no table."""
        return self.table(Table((), {(): cell})).at(())


def publish(table: Table, rules: Rules, key: bytes) -> Published:
    """Make a table and all its totals fit to be shown: hide cells, round the others. `key` is `Keys.figures`.

    A filter is no other table: count with what it filters by as one more dimension, and show a slice.
    """
    all_names = tuple(each.name for each in table.dimensions)
    parted = sorted(each.name for each in table.dimensions if len(each.categories) > 1)
    margins = _margins(table.along(parted), tuple(parted))
    counts = {names: {each: cell.n for each, cell in cells.items()} for names, cells in margins.items()}
    kept = tuple(each for each in table.dimensions if each.name in parted)
    figures: dict[Key, Figure] = {}
    closed = False
    for names, sheet in hide(kept, counts, rules).items():
        closed = closed or sheet.closed
        for short in sheet.counts:
            cell = margins[names].get(short)
            found = HIDDEN if short in sheet.hidden or cell is None else _shown(cell, key)
            figures[_full(all_names, names, short)] = found
    return Published(table.dimensions, _with_single(table, figures), rules.smallest, rules.at_risk, closed)


def _shown(cell: Cell, key: bytes) -> Figure:
    return Figure(rounded(cell, key), rounded_weighted(cell, key))


def _margins(table: Table, names: Names) -> Mapping[Names, Mapping[Key, Cell]]:
    """The cells of the table and of all within it; names in the order of the alphabet, as `names` are."""
    order = places(tuple(each.name for each in table.dimensions), names)
    found: dict[Names, dict[Key, Cell]] = {
        names: {tuple(key[place] for place in order): cell for key, cell in table.cells.items()}
    }
    for smaller in reversed(list(subsets(names, proper=True))):
        larger = min((each for each in found if set(smaller) < set(each)), key=len)
        kept = places(larger, smaller)
        cells = found[smaller] = {}
        for key, cell in found[larger].items():
            short = tuple(key[place] for place in kept)
            cells[short] = cells[short] + cell if short in cells else cell
    return found


def _full(names: Names, some: Names, short: Key) -> Key:
    """The key in all dimensions, TOTAL in those that it sums over."""
    said = dict(zip(some, short, strict=True))
    return tuple(said.get(name, TOTAL) for name in names)


def _with_single(table: Table, figures: dict[Key, Figure]) -> dict[Key, Figure]:
    """Dimensions of a single category say nothing: their one category has what all have."""
    for place, dimension in enumerate(table.dimensions):
        if len(dimension.categories) == 1:
            only = dimension.categories[0]
            figures |= {(*key[:place], only, *key[place + 1 :]): each for key, each in figures.items()}
    return figures
