"""The attackers of the figures, on what is published of the simulated respondents."""

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from app.reports.figures.asking import survey_of
from app.reports.figures.counting import table
from app.reports.figures.publish import publish
from app.reports.figures.table import TOTAL, Key, Table
from tests.reports.figures.attacker import Attacker, exactly, margins, roughly
from tests.shows.truth import SURVEY

ATTACKED = (("inequality", "province"), ("province", "sex", "age_band"), ("inequality", "province", "sex"))
MOST = 40
"""Hidden cells that are attacked one by one in each table; by sums and differences all of them are."""
_SECRET = b"a key of thirty-two bytes, or so"


class Attacked(NamedTuple):
    """What came of it; nothing was learned, or it would have failed."""

    names: Sequence[str]
    shown: int
    hidden: int


def attack(connection: Connection, names: Sequence[str]) -> Attacked:
    """Publish a table, and try to learn a hidden number by sums and differences, by bounds, and through the rounding."""
    survey = survey_of(connection, SURVEY, ZoneInfo("Africa/Harare"))
    counted = table(connection, survey, names)
    published = publish(counted, survey.rules, _SECRET)
    counts = _counts(counted)
    figures = {key: figure.n for key, figure in published.figures.items() if figure.n is not None}
    hidden = [key for key in published.figures if key not in figures]
    exact = Attacker(counted.dimensions, exactly({key: counts[key] for key in figures}))
    assert exact.solvable(hidden) == [], "sums and differences tell a hidden number"
    rounded = Attacker(counted.dimensions, roughly(figures, survey.rules.smallest))
    for attacker in (exact, rounded):
        for key in hidden[:MOST]:
            low, high = attacker.interval(key)
            assert low - 0.01 < counts[key] < high + 0.01, "the attacker's own reckoning is wrong"
            assert high - low > 0.99, "a hidden number cannot be otherwise"
    return Attacked(names, len(figures), len(hidden))


def _counts(counted: Table) -> dict[Key, int]:
    found = dict.fromkeys(margins(counted.dimensions), 0)
    for key, cell in counted.cells.items():
        for each in _above(key):
            found[each] += cell.n
    return found


def _above(key: Key) -> list[Key]:
    keys: list[Key] = [()]
    for category in key:
        keys = [(*each, part) for each in keys for part in (category, TOTAL)]
    return keys
