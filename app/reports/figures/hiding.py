"""Which cells are hidden: those with too few people, and as many more as it takes that nothing can be worked out.

Every table is hidden together with all smaller ones within it, the small ones first, and what those show stays shown: so a
cell is hidden or shown by what it is, not by what somebody asked for, and a filter is a slice of a larger table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice, product

from app.reports.figures.rules import Rules
from app.reports.figures.table import Dimension, Key
from app.reports.figures.vectors import Corner, Names, Part, Vector, box, corner_keys, places, signs, subsets

_NEAR = {1: 1000, 2: 6, 3: 2}
"""How many categories of each dimension are looked at to find a box; by how many dimensions there are."""
_FEW = 3
_LINKS = 4
_LARGE, _SPARSE = 1000, 20
"""A large table of which less than a twentieth could be shown is not worth the search: all of it is hidden."""


@dataclass
class Sheet:
    """One table while it is being hidden. Its names are in the order of the alphabet."""

    names: Names
    categories: tuple[tuple[str, ...], ...]
    counts: Mapping[Key, int]
    hidden: set[Key] = field(default_factory=set)
    vectors: list[Vector] = field(default_factory=list)
    closed: bool = False
    """Nothing of it can be shown."""
    by_key: dict[Key, list[Vector]] = field(default_factory=dict)
    covered: set[Key] = field(default_factory=set)
    """Those that may be anything up to what could be shown, for all that anybody knows."""
    moving: set[Key] = field(default_factory=set)
    """Those that may be one thing or another."""

    def add(self, vector: Vector, rules: Rules) -> None:
        """Hide the corners of a vector, and note which cells it keeps from being worked out."""
        self.vectors.append(vector)
        down, up = vector.slack(self.counts)
        for key, by in vector.corners:
            self.hidden.add(key)
            self.by_key.setdefault(key, []).append(vector)
            if down + up > 0:
                self.moving.add(key)
                if self.counts[key] + (up if by > 0 else down) >= rules.smallest:
                    self.covered.add(key)

    def price(self, corners: Iterable[Corner]) -> int:
        """How many respondents would be hidden more."""
        return sum(self.counts[key] for key, _ in corners if key not in self.hidden)


def hide(
    dimensions: tuple[Dimension, ...], counts: Mapping[Names, Mapping[Key, int]], rules: Rules
) -> dict[Names, Sheet]:
    """Hide what must be hidden in the table of these dimensions and in all within it, by their names.

    `counts` has the cells of each of them. Names are in the order of the alphabet, and each has two categories or more.
    """
    known = {each.name: each.categories for each in dimensions}
    sheets: dict[Names, Sheet] = {}
    for names in subsets(tuple(sorted(known))):
        categories = tuple(known[each] for each in names)
        every = dict.fromkeys(product(*categories), 0) | dict(counts[names])
        sheet = sheets[names] = Sheet(names, categories, every)
        within = [sheets[each] for each in subsets(names, proper=True)]
        sheet.closed = any(each.closed for each in within)
        if not sheet.closed:
            sheet.hidden = {key for key, n in every.items() if not rules.may_show(names, key, n)}
            sheet.closed = len(every) > _LARGE and len(every) - len(sheet.hidden) < len(every) / _SPARSE
        if not sheet.closed:
            _lift(sheet, sheets, rules)
            _cover(sheet, sheets, rules)
            sheet.closed = not _holds(sheet, within)
        if sheet.closed:
            sheet.hidden = set(every)
    return sheets


def _lift(sheet: Sheet, sheets: Mapping[Names, Sheet], rules: Rules) -> None:
    """What hides cells of a smaller table goes on in this one, at one category of the dimension that it lacks."""
    seen: set[tuple[Corner, ...]] = set()
    for place, name in enumerate(sheet.names):
        for vector in sheets[_without(sheet.names, name)].vectors:
            for part in vector.parts:
                if name not in part.lifts:
                    part.lifts[name] = _best_lift(sheet, part, place, rules)
            lifted = vector.carried(place, name)
            if lifted.corners not in seen:
                seen.add(lifted.corners)
                sheet.add(lifted, rules)


def _best_lift(sheet: Sheet, part: Part, place: int, rules: Rules) -> str:
    """The category at which a part can move far enough, and hides least."""

    def merit(category: str) -> tuple[int, int]:
        lifted = Vector((part,)).lifted(place, category)
        down, up = lifted.slack(sheet.counts)
        return min(up, rules.smallest) + min(down, rules.smallest), -sheet.price(lifted.corners)

    return max(sheet.categories[place], key=merit)


def _cover(sheet: Sheet, sheets: Mapping[Names, Sheet], rules: Rules) -> None:
    """Find a vector for each hidden cell that has none which moves it far enough; the emptiest first."""
    if not sheet.names:
        return
    for key in sorted(sheet.hidden, key=lambda each: (sheet.counts[each], each)):
        if key not in sheet.covered:
            found = _best(sheet, key, _again(sheet, sheets, key), _boxes(sheet, key, rules), rules)
            if found is not None:
                sheet.add(found, rules)
    for key in sorted(sheet.hidden - sheet.moving):
        vectors = chain(_again(sheet, sheets, key), map(_boxed(key), _boxes(sheet, key, rules)))
        found = _chained(sheet, key, vectors) if key not in sheet.moving else None
        if found is not None:
            sheet.add(found, rules)
        elif key not in sheet.moving:
            return  # the table is closed, whatever becomes of the others


def _best(sheet: Sheet, key: Key, again: Iterable[Vector], partners: Iterable[Key], rules: Rules) -> Vector | None:
    """The vector that lets a cell move far enough and hides least; none where all leave it where it is."""
    counts, hidden, short = sheet.counts, sheet.hidden, rules.smallest - sheet.counts[key]
    best: Vector | Key | None = None
    least = (rules.smallest, 0)
    for vector in again:
        down, up = vector.slack(counts)
        badness = max(0, short - up), sheet.price(vector.corners)
        if down + up and badness < least:
            best, least = vector, badness
    minus, plus = _sides(len(key))
    for partner in partners:
        if least == (0, 0):
            break
        keys = list(corner_keys(key, partner))
        up = min(counts[keys[each]] for each in minus)
        if up or min(counts[keys[each]] for each in plus):
            badness = max(0, short - up), sum(counts[each] for each in keys if each not in hidden)
            if badness < least:
                best, least = partner, badness
    return _boxed(key)(best) if isinstance(best, tuple) else best


def _chained(sheet: Sheet, key: Key, vectors: Iterable[Vector]) -> Vector | None:
    """A vector that takes from cells with nobody in them, together with others that put somebody there first."""
    for vector in vectors:
        if any(each not in sheet.hidden for each, _ in vector.corners):
            continue
        whole = vector
        for _ in range(_LINKS):
            empty = next((each for each, by in whole.corners if by < 0 and not sheet.counts[each] // -by), None)
            helper = None if empty is None else _putting(sheet, empty)
            if helper is None:
                break
            whole = Vector((*whole.parts, *helper.parts))
        if whole.slack(sheet.counts)[1] and any(each == key for each, _ in whole.corners):
            return whole
    return None


def _putting(sheet: Sheet, key: Key) -> Vector | None:
    """A vector that can put somebody into a cell."""
    for vector in sheet.by_key.get(key, ()):
        down, up = vector.slack(sheet.counts)
        by = next(by for each, by in vector.corners if each == key)
        if by > 0 and up:
            return vector
        if by < 0 and down:
            return vector.opposite()
    return None


def _again(sheet: Sheet, sheets: Mapping[Names, Sheet], key: Key) -> Iterator[Vector]:
    """Vectors of smaller tables that can move this cell too, at its own category of the dimension that they lack."""
    for place, name in enumerate(sheet.names):
        short = (*key[:place], *key[place + 1 :])
        for vector in islice(sheets[_without(sheet.names, name)].by_key.get(short, ()), _FEW):
            lifted = vector.lifted(place, key[place])
            yield lifted if next(by for each, by in lifted.corners if each == key) > 0 else lifted.opposite()


def _boxes(sheet: Sheet, key: Key, rules: Rules) -> Iterator[Key]:
    """The far corners of boxes around a cell, the likeliest first: with many people beside it, or hidden already."""
    wanted = max(1, rules.smallest - sheet.counts[key])
    partners = []
    for place, categories in enumerate(sheet.categories):
        beside = {each: (*key[:place], each, *key[place + 1 :]) for each in categories if each != key[place]}
        merits = {
            each: (-min(sheet.counts[other], wanted), 0 if other in sheet.hidden else sheet.counts[other])
            for each, other in beside.items()
        }
        partners.append(sorted(merits, key=merits.__getitem__)[: _NEAR.get(len(key), 2)])
    return product(*partners)


def _boxed(key: Key) -> Callable[[Key], Vector]:
    return lambda partner: Vector((Part(box(key, partner)),))


@cache
def _sides(dimensions: int) -> tuple[list[int], list[int]]:
    """Which corners of a box lose when the first gains, and which gain."""
    every = list(enumerate(signs(dimensions)))
    return [place for place, sign in every if sign < 0], [place for place, sign in every if sign > 0]


def _holds(sheet: Sheet, within: Iterable[Sheet]) -> bool:
    """Whether no hidden cell of this table or of one within it can be worked out from all that they show."""
    moving = [each for each in sheet.vectors if sum(each.slack(sheet.counts)) > 0]
    for smaller in (*within, sheet):
        if smaller.hidden:
            kept = places(sheet.names, smaller.names)
            moved = {key for vector in moving for key in vector.moved(kept)}
            if not smaller.hidden <= moved:
                return False
    return True


def _without(names: Names, name: str) -> Names:
    return tuple(each for each in names if each != name)
