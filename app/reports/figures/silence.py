"""Who said nothing to a question: it was not asked of her, she passed over it, or she would rather not say.

They are parted only where the table of the question shows how many they are together, and as a table of their own: so no part
that is not shown follows from its sisters, and the whole is the very figure that the other table has.
"""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Measure, Missing
from app.reports.figures.axes import Survey
from app.reports.figures.counting import Answered
from app.reports.figures.publish import publish
from app.reports.figures.published import HIDDEN, Figure
from app.reports.figures.table import TOTAL, Cell, Dimension, Key, Table, mark
from app.store import figures as store

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Silence:
    """What may be shown of it; `refused` is None where no choice says so."""

    asked: Figure
    skipped: Figure
    refused: Figure | None


def silence(connection: Connection, survey: Survey, key: bytes, found: Answered) -> Silence | None:
    """Part those who said nothing, of all respondents; None where somebody asked for some of them, or for columns."""
    variable, everybody = found.variable, found.bases.get(())
    if found.by or everybody is None:
        return None
    says_no = any(each.missing is Missing.REFUSED for each in variable.categories) and not found.several
    if found.silent is None:
        return Silence(everybody, Figure(0), Figure(0) if says_no else None)
    if found.silent.n is None or everybody.n is None:
        return Silence(HIDDEN, HIDDEN, HIDDEN if says_no else None)
    kinds = (store.NOT_ASKED, store.SKIPPED, *((REFUSED,) if says_no else ()))
    dimension = Dimension(variable.name, kinds)
    told = publish(Table((dimension,), _cells(connection, survey, found)), survey.rules, key)
    not_asked, skipped = (told.at((each,)) for each in kinds[:2])
    refused = told.at((REFUSED,)) if says_no else None
    silent = told.at((TOTAL,)).n
    asked = None if not_asked.n is None or silent is None else everybody.n + max(0, silent - not_asked.n)
    return Silence(Figure(asked), skipped, refused)


def _cells(connection: Connection, survey: Survey, found: Answered) -> dict[Key, Cell]:
    question = found.variable.name
    answered = set(found.rows) if found.variable.measure is Measure.ONE else None
    cells: dict[Key, Cell] = {}
    for count in store.count(connection, survey.id, [store.Axis(store.Kind.ASKED, question)]):
        (value,) = count.values
        if value not in {store.NOT_ASKED, store.SKIPPED}:
            if answered is None or value in answered:
                continue
            value = REFUSED
        cell = Cell(count.n, mark(*count.who))
        cells[(value,)] = cells[(value,)] + cell if (value,) in cells else cell
    return cells
