"""Who is meant: a description of an audience becomes one condition over `contact`, the same on both databases.

Every condition is either true or false, never unknown, so that `not` always means the others.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.models.broadcasts import broadcast, recipient
from app.models.people import attribute, contact, contact_group, group_member, respondent, segment
from app.models.runs import answer, run
from app.models.surveys import survey
from app.models.types import Utc
from app.store import query
from app.store.query import BadSegment, Tree, Value
from app.values import RunState, attribute_name, locale_of

__all__ = ["BadSegment", "audience", "count"]

_YES, _NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}
_STATES = {
    "completed": (RunState.COMPLETED,),
    "declined": (RunState.DECLINED,),
    "half-way": (RunState.ACTIVE, RunState.EXPIRED),
    "began": tuple(RunState),
}
Condition = sa.ColumnElement[bool]


def audience(
    connection: Connection, text: str, at: datetime | None = None, *, operators: Collection[str] = ()
) -> Condition:
    """The condition that a contact is meant by: a query, or the name of a saved segment; empty means everybody.

    `at` is now; dates begin at midnight in its zone. Without it the database's own clock is asked. With `operators`, the
    name of one that is not among them is a mistake. Raises `BadSegment`.
    """
    if at is None:
        at = connection.execute(sa.select(sa.func.now(type_=Utc()))).scalar_one().replace(tzinfo=UTC)
    return _Reader(connection, text, at, frozenset(operators)).condition(text)


def count(connection: Connection, condition: Condition) -> int:
    """How many contacts are meant."""
    return connection.execute(sa.select(sa.func.count()).select_from(contact).where(condition)).scalar_one()


def count_both(connection: Connection, condition: Condition) -> tuple[int, int]:
    """How many contacts are meant, and how many of them asked for silence; all are gone through once."""
    silent = sa.func.coalesce(sa.func.sum(sa.case((contact.c.stopped_at.is_not(None), 1), else_=0)), 0)
    row = connection.execute(sa.select(sa.func.count(), silent).select_from(contact).where(condition)).one()
    return int(row[0]), int(row[1])


# -- attributes, as each database reads JSON ------------------------------------------------------------------------


class attribute_text(FunctionElement[str]):
    """The value of an attribute as text; NULL if it is not known."""

    type = sa.String()
    inherit_cache = True


class attribute_number(FunctionElement[float]):
    """The value of an attribute that is a number; NULL if it is not known."""

    type = sa.Float()
    inherit_cache = True


@compiles(attribute_text, "sqlite")
@compiles(attribute_number, "sqlite")
def _sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"json_extract({column}, '$.\"' || {name} || '\"')"


@compiles(attribute_text, "postgresql")
def _text(element: attribute_text, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"(CAST({column} AS jsonb) ->> CAST({name} AS text))"


@compiles(attribute_number, "postgresql")
def _number(element: attribute_number, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    value = f"CAST({column} AS jsonb) -> CAST({name} AS text)"
    return f"CASE WHEN jsonb_typeof({value}) = 'number' THEN CAST({value} AS double precision) END"


# -- from the tree to a condition -----------------------------------------------------------------------------------


MOST_PARTS = 500
"""Conditions of a query, those of its saved segments among them: more keep the database from everybody else."""


@dataclass
class _Reader:
    """Makes conditions from one query, and knows which names there are."""

    connection: Connection
    text: str
    at: datetime
    operators: frozenset[str]
    inside: tuple[str, ...] = field(default=())
    """The saved segments that this query stands in."""
    parts: list[int] = field(default_factory=lambda: [0])
    """How many conditions there are by now, those of saved segments among them: shared by all readers of one query."""

    def condition(self, text: str) -> Condition:
        if self._is_segment(text):
            return self._saved(Value(text.strip(), query.Span(0, len(text))))
        return self._of(query.parse(text))

    def _of(self, tree: Tree) -> Condition:
        self.parts[0] += 1
        if self.parts[0] > MOST_PARTS:
            raise BadSegment(
                f"with the segments in it, it has more than {MOST_PARTS} conditions; describe it with fewer"
            )
        match tree:
            case query.Anyone(parts):
                return sa.or_(*map(self._of, parts))
            case query.Both(parts):
                return sa.and_(*map(self._of, parts))
            case query.Without(part):
                return sa.not_(self._of(part))
            case query.Everybody():
                return sa.true()
            case query.Stopped():
                return contact.c.stopped_at.is_not(None)
            case _:
                return self._named(tree)

    def _named(self, tree: query.Named) -> Condition:
        match tree:
            case query.Compare():
                return self._compare(tree)
            case query.Known(name):
                return self._known(name)
            case query.InSurvey(word, name):
                return self._in_survey(word, self._survey(name))
            case query.Last():
                return self._last(tree)
            case query.Saved(name):
                return self._saved(name)

    def _refuse(self, reason: str, where: Value) -> NoReturn:
        if self.inside:
            raise BadSegment(f"in the segment {self.inside[-1]}: {reason}", self.text, where.at)
        raise BadSegment(reason, self.text, where.at)

    # -- what is known of a contact

    def _compare(self, tree: query.Compare) -> Condition:
        name = tree.name.text.lower()
        if name in {"group", "language", "operator"} and tree.sign != "=":
            self._refuse(f"{name} can only be =, != or in (…)", tree.name)
        match name:
            case "group":
                return self._in_group([self._group(each) for each in tree.values])
            case "language":
                return _surely(contact.c.locale.in_([self._locale(each) for each in tree.values]))
            case "operator":
                return sa.func.lower(contact.c.operator).in_([self._operator(each) for each in tree.values])
        key, kind = self._attribute(tree.name)
        if kind == "number":
            numbers = [self._number(each, key) for each in tree.values]
            return _compared(attribute_number(contact.c.attributes, sa.literal(key)), tree.sign, numbers)
        text = attribute_text(contact.c.attributes, sa.literal(key))
        if kind == "date":
            # Dates are kept as 2026-11-30, which sorts as it should if compared character by character.
            sorted_text = sa.collate(text, "C") if self.connection.dialect.name == "postgresql" else text
            return _compared(sorted_text, tree.sign, [self._date(each, key) for each in tree.values])
        if tree.sign != "=":
            self._refuse(
                f"{key} is {'text' if kind == 'text' else 'yes or no'}: only =, != and in (…) are of use", tree.name
            )
        if kind == "yes_no":
            return _compared(text, "=", [self._yes_no(each, key) for each in tree.values])
        # Not all databases know upper and lower case outside of a to z: so all ways to write the whole word are looked for.
        spelled = {
            _lowered(way)
            for each in tree.values
            for way in (each.text, each.text.lower(), each.text.upper(), each.text.title())
        }
        return _compared(sa.func.lower(text), "=", sorted(spelled))

    def _known(self, name: Value) -> Condition:
        match name.text.lower():
            case "group":
                return _hers(group_member.c.contact_id)
            case "language":
                return contact.c.locale.is_not(None)
            case "operator":
                return contact.c.operator != ""
        return attribute_text(contact.c.attributes, sa.literal(self._attribute(name)[0])).is_not(None)

    def _in_group(self, ids: list[int]) -> Condition:
        return _hers(group_member.c.contact_id).where(group_member.c.group_id.in_(ids))

    # -- what happened

    def _in_survey(self, word: str, survey_id: int) -> Condition:
        if word == "invited":
            found = _hers(recipient.c.contact_id).where(recipient.c.rounds > 0)
            return found.where(recipient.c.broadcast_id == broadcast.c.id, broadcast.c.survey_id == survey_id)
        found = _runs().where(respondent.c.survey_id == survey_id)
        if word != "began":
            found = found.where(run.c.state.in_(_STATES[word]))
        if word == "half-way":
            answered = sa.exists().where(answer.c.run_id == run.c.id, answer.c.set_aside_at.is_(None))
            found = found.where(answered.correlate(run))
        return found

    def _last(self, tree: query.Last) -> Condition:
        moment = self._moment(tree.moment)
        if tree.what == "asked":
            if tree.when == "never":
                return contact.c.asked_at.is_(None)
            return _surely(contact.c.asked_at >= moment if tree.when == "since" else contact.c.asked_at < moment)
        since = _runs().where(run.c.touched_at >= moment)
        if tree.when == "since":
            return since
        return sa.not_(_runs()) if tree.when == "never" else sa.and_(_runs(), sa.not_(since))

    def _moment(self, given: timedelta | date) -> datetime:
        if isinstance(given, timedelta):
            return self.at - given
        return datetime.combine(given, time(), tzinfo=self.at.tzinfo)

    # -- names

    @cached_property
    def _attributes(self) -> dict[str, str]:
        return dict(self.connection.execute(sa.select(attribute.c.name, attribute.c.kind)).all())

    @cached_property
    def _groups(self) -> dict[str, tuple[str, int]]:
        rows = self.connection.execute(sa.select(contact_group.c.name, contact_group.c.id))
        return {name.casefold(): (name, key) for name, key in rows}

    @cached_property
    def _surveys(self) -> dict[str, int]:
        return dict(self.connection.execute(sa.select(survey.c.name, survey.c.id)).all())

    @cached_property
    def _segments(self) -> dict[str, str]:
        rows = self.connection.execute(sa.select(segment.c.name, segment.c.query))
        return {name.casefold(): text for name, text in rows}

    def _unknown(self, what: str, given: Value, known: Collection[str]) -> NoReturn:
        close = get_close_matches(given.text.casefold(), [each.casefold() for each in known], n=1)
        mend = next((each for each in known if close and each.casefold() == close[0]), None)
        if mend:
            self._refuse(f"there is no {what} {given.text!r}; is it {mend!r}?", given)
        listed = ", ".join(sorted(known)[:20]) or "none yet"
        self._refuse(f"there is no {what} {given.text!r}. There are: {listed}", given)

    def _attribute(self, given: Value) -> tuple[str, str]:
        name = attribute_name(given.text)
        if name not in self._attributes:
            self._unknown("attribute", given, self._attributes)
        return name, self._attributes[name]

    def _group(self, given: Value) -> int:
        if given.text.casefold() not in self._groups:
            self._unknown("group", given, [name for name, _ in self._groups.values()])
        return self._groups[given.text.casefold()][1]

    def _survey(self, given: Value) -> int:
        if given.text not in self._surveys:
            self._unknown("survey", given, self._surveys)
        return self._surveys[given.text]

    def _locale(self, given: Value) -> str:
        found = locale_of(given.text)
        if found is None:
            self._refuse(f"{given.text!r} is no language that is known; write its code, e.g. sn", given)
        return found

    def _operator(self, given: Value) -> str:
        if self.operators and given.text.lower() not in {each.lower() for each in self.operators}:
            self._unknown("operator", given, self.operators)
        return given.text.lower()

    # -- values

    def _number(self, given: Value, name: str) -> float:
        try:
            found = float(given.text)
        except ValueError:
            found = float("nan")
        if not abs(found) < float("inf"):
            self._refuse(f"{name} is a number, {given.text!r} is not; write it like 18 or 2.5", given)
        return found

    def _date(self, given: Value, name: str) -> str:
        try:
            return date.fromisoformat(given.text).isoformat()
        except ValueError:
            self._refuse(f"{name} is a date, {given.text!r} is not; write it like 2026-11-30", given)

    def _yes_no(self, given: Value, name: str) -> str:
        word = given.text.lower()
        if word not in _YES | _NO:
            self._refuse(f"{name} is yes or no, not {given.text!r}", given)
        return "yes" if word in _YES else "no"

    # -- saved segments

    def _is_segment(self, text: str) -> bool:
        """Whether a text is the name of a saved segment and nothing else."""
        name = text.strip()
        return bool(name) and name.lower() not in query.RESERVED and name.casefold() in self._segments

    def _saved(self, name: Value) -> Condition:
        folded = name.text.casefold()
        if folded not in self._segments:
            self._unknown("segment", name, self._segments)
        if folded in self.inside:
            self._refuse(f"the segment leads back to itself: {' → '.join((*self.inside, folded))}", name)
        text = self._segments[folded]
        inner = _Reader(self.connection, text, self.at, self.operators, (*self.inside, folded), self.parts)
        return inner._of(query.parse(text))


def _hers(contact_id: sa.Column[Any]) -> sa.Exists:
    """There is a row of this contact. It looks at no other table of the statement that the condition stands in."""
    return sa.exists().where(contact_id == contact.c.id).correlate(contact)


def _runs() -> sa.Exists:
    """She has a run; by her respondents, for which there are indexes."""
    return _hers(respondent.c.contact_id).where(run.c.respondent_id == respondent.c.id)


def _surely(condition: Condition) -> Condition:
    """False where a condition is unknown."""
    return sa.func.coalesce(condition, sa.false(), type_=sa.Boolean())


def _compared(left: sa.ColumnElement[Any], sign: str, values: list[Any]) -> Condition:
    match sign:
        case "=":
            return _surely(left.in_(values))
        case "<":
            return _surely(left < values[0])
        case "<=":
            return _surely(left <= values[0])
        case ">":
            return _surely(left > values[0])
        case _:
            return _surely(left >= values[0])


def _lowered(text: str) -> str:
    """Lower case as SQLite has it: a to z only."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)
