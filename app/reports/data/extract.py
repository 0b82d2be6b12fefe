"""What somebody wants of a survey: its tables, and their rows as often as they are asked for, in constant memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Dictionary, Measure, Missing, Variable
from app.reports.data.columns import ABOUT, WITHIN, Cell, Column, Kind, Reader, columns_of, labels_of, reader_of
from app.reports.data.how import BadWish, How
from app.reports.lines import moment
from app.store import exports
from app.store.exports import Case, Count, Which

Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `repeats` is the way to the repeat that its rows are of, empty for runs."""

    name: str
    repeats: tuple[str, ...]
    columns: tuple[Column, ...]


LONG = tuple(
    Column(name, name, label, kind)
    for name, label, kind in (
        ("respondent", "Pseudonym of the respondent", Kind.TEXT),
        ("run", "The run", Kind.TEXT),
        ("version", "Version of the survey", Kind.TEXT),
        ("variable", "The variable, as wide tables name it", Kind.TEXT),
        ("repeat_position", "Which one it is in repeats, e.g. 2.1", Kind.TEXT),
        ("label", "The question", Kind.TEXT),
        ("value", "The answer as it is stored", Kind.TEXT),
        ("value_label", "The words of the choices in it", Kind.TEXT),
        ("missing", "Why there is no value: skipped, refused or dont_know", Kind.TEXT),
        ("raw", "As it was typed", Kind.TEXT),
        ("asked_in", "Language it was asked in", Kind.TEXT),
        ("channel", "How the answer came: ussd or sms", Kind.TEXT),
        ("attempts", "How often she had to try", Kind.WHOLE),
        ("asked_at", "When it was asked (UTC)", Kind.MOMENT),
        ("answered_at", "When it was answered (UTC)", Kind.MOMENT),
    )
)


class Extract:
    """Reads what is wanted over one connection, at one moment."""

    def __init__(
        self,
        connection: Connection,
        dictionary: Dictionary,
        which: Which,
        how: How,
        *,
        at: datetime,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.connection, self.dictionary, self.which, self.how = exports.still(connection), dictionary, which, how
        self.at, self.told = at, told

    def wanting(self, **changes: Any) -> "Extract":
        """The same, wanted in another way."""
        how = replace(self.how, **changes)
        return Extract(self.connection, self.dictionary, self.which, how, at=self.at, told=self.told)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The runs first, then each repeat, outer ones before inner ones."""
        if self.how.long:
            return (Table("answers", (), LONG),)
        main = Table(self.dictionary.survey, (), (*ABOUT, *columns_of(self.dictionary, (), self.how)))
        return (main, *(self._of(repeats) for repeats in self.dictionary.repeats))

    @property
    def table(self) -> Table:
        """The one that is wanted, of formats that hold one only."""
        if not self.how.table:
            return self.tables[0]
        found = next((each for each in self.tables if each.repeats[-1:] == (self.how.table,)), None)
        if found is None:
            known = ", ".join(each.repeats[-1] for each in self.tables if each.repeats) or "none"
            raise BadWish(f"There is no repeat {self.how.table!r}. There are: {known}.")
        return found

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield the rows of a table."""
        if self.how.long:
            return self._long()
        return self._within(table) if table.repeats else self._runs(table)

    @cached_property
    def runs(self) -> int:
        """How many runs are wanted."""
        return exports.count(self.connection, self.which)

    @cached_property
    def counts(self) -> dict[str, Count]:
        """Question → how often it was asked and what came of it."""
        return counts_of(self.connection, self.dictionary, self.which)

    def frequencies(self) -> dict[str, dict[str | None, int]]:
        """Question → value → how often."""
        chosen = [each.name for each in self.dictionary.variables if each.categories]
        return exports.frequencies(self.connection, self.which, chosen)

    def moment(self, at: datetime | None) -> Cell:
        """A moment, for files that know such, or as text."""
        return at if self.how.typed else moment(at)

    def _of(self, repeats: tuple[str, ...]) -> Table:
        return Table(
            f"{self.dictionary.survey}__{repeats[-1]}",
            repeats,
            (*WITHIN, *columns_of(self.dictionary, repeats, self.how)),
        )

    def _readers(self, table: Table) -> list[Reader]:
        return [reader_of(column, self.how) for column in table.columns if column.variable is not None]

    def _runs(self, table: Table) -> Iterator[Row]:
        readers = self._readers(table)
        for case in exports.cases(self.connection, self.which, self.told):
            given = case.given.get("", {})
            yield (*self._about(case), *[read(given) for read in readers])

    def _about(self, case: Case) -> Row:
        run = case.run
        return (
            run.respondent, str(run.uid), run.version, run.state, run.reason or None, run.locale,
            " ".join(case.media) or None, run.mode, "yes" if run.proxy else "no",
            " ".join(sorted((run.flags or "").split())) or None, run.question or None, self.moment(run.started_at),
            self.moment(run.ended_at),
        )  # fmt: skip

    def _within(self, table: Table) -> Iterator[Row]:
        """One row for each place in a repeat that has an answer in it, or in a repeat inside it."""
        readers, depth = self._readers(table), len(table.repeats)
        inside = {
            each.name for each in self.dictionary.variables if each.repeats[:depth] == table.repeats
        }  # two repeats have places of the same name
        for case in exports.cases(self.connection, self.which, self.told):
            places = {
                tuple(map(int, position.split(".")[:depth]))
                for position, given in case.given.items()
                if position and not inside.isdisjoint(given)
            }
            for place in sorted(places):
                position, parent = ".".join(map(str, place)), ".".join(map(str, place[:-1]))
                given = case.given.get(position, {})
                about = (case.run.respondent, str(case.run.uid), position, parent or None)
                yield (*about, *[read(given) for read in readers])

    def _long(self) -> Iterator[Row]:
        variables = {each.name: (each, labels_of(each, self.how.language)) for each in self.dictionary.variables}
        for run, found in exports.answers(self.connection, self.which, self.told):
            if found.question not in variables:
                continue  # whether there is another one: no variable
            variable, labels = variables[found.question]
            yield (
                run.respondent, str(run.uid), run.version, variable.column, found.position or None,
                variable.label(self.how.language), found.value, said(variable, labels, found.value),
                missing(variable, found.value), found.raw, found.locale, found.medium, found.attempts,
                self.moment(found.asked_at), self.moment(found.answered_at),
            )  # fmt: skip


def said(variable: Variable, labels: Any, value: str | None) -> str | None:
    """The words of the choices in a value; nothing where it names none."""
    if value is None or not labels:
        return None
    chosen = (value,) if variable.measure is Measure.ONE else value.split()
    return "; ".join(labels[each] for each in chosen if each in labels) or None


def missing(variable: Variable, value: str | None) -> str | None:
    """Why an answer says nothing, if it does not."""
    if value is None:
        return Missing.SKIPPED.value
    chosen = variable.category(value)
    return chosen.missing.value if chosen and chosen.missing else None


def counts_of(connection: Connection, dictionary: Dictionary, which: Which) -> dict[str, Count]:
    """Question → how often it was asked and what came of it; counted by the database."""
    reasons = [(each.name, choice) for each in dictionary.variables for choice in each.categories if choice.missing]
    names: dict[Missing | None, set[str]] = {Missing.REFUSED: set(), Missing.DONT_KNOW: set()}
    for _, choice in reasons:
        names[choice.missing].add(choice.name)
    return exports.counts(
        connection, which, refused=names[Missing.REFUSED], unknown=names[Missing.DONT_KNOW],
        choices={question for question, _ in reasons},
    )  # fmt: skip
