"""What published versions say of their questions and choices: written once when they are published, read as a dictionary."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.flows.dictionary.variable import Category, Dictionary, Measure, Variable
from app.flows.guard import Guard
from app.models.descriptions import choice, choice_label, description, question, question_label
from app.models.surveys import survey, survey_version
from app.store.bulk import Bulk

_DESCRIPTION = Bulk.insert(description, ("survey_version_id", "number", "languages", "guard"))
_GUARD = Bulk.update(description, ("guard",), keys=("survey_version_id",))
_HXL = Bulk.update(question, ("hxl",), keys=("survey_version_id", "name"))
_QUESTIONS = Bulk.insert(
    question,
    ("survey_version_id", "name", "place", "column_name", "short", "type", "measure", "repeats", "required", "sensitive",
     "consent", "relevant", "hxl"),
)  # fmt: skip
_QUESTION_LABELS = Bulk.insert(question_label, ("survey_version_id", "question", "language", "label"))
_CHOICES = Bulk.insert(choice, ("survey_version_id", "question", "name", "place", "code"))
_CHOICE_LABELS = Bulk.insert(choice_label, ("survey_version_id", "question", "name", "language", "label"))
_PAGE = 5000
_EVER = sa.or_(survey_version.c.published_at.is_not(None), survey_version.c.status == "published")
_UNDESCRIBED = (
    sa.select(survey_version.c.id, survey_version.c.survey_id)
    .where(_EVER, ~sa.exists().where(description.c.survey_version_id == survey_version.c.id))
    .order_by(survey_version.c.published_at, survey_version.c.id)
)
_UNGUARDED = sa.select(description.c.survey_version_id).where(description.c.guard.is_(None))
_VERSIONS = (
    sa.select(
        survey_version.c.id,
        survey_version.c.version,
        survey_version.c.title,
        description.c.languages,
        description.c.guard,
    )
    .join(description, description.c.survey_version_id == survey_version.c.id)
    .join(survey, survey.c.id == survey_version.c.survey_id)
    .where(survey.c.name == sa.bindparam("survey"))
    .order_by(description.c.number)
)


def undescribed(connection: Connection) -> list[tuple[int, int]]:
    """Versions that were ever published and are not described yet, with their surveys, the first published first."""
    return [(row.id, row.survey_id) for row in connection.execute(_UNDESCRIBED)]


def unguarded(connection: Connection) -> list[int]:
    """Versions that were described before descriptions had guards and HXL tags."""
    return list(connection.execute(_UNGUARDED).scalars())


def described(connection: Connection, survey_id: int) -> list[int]:
    """The versions of a survey that are described, as they were first published: the order that a dictionary needs."""
    statement = (
        sa.select(survey_version.c.id)
        .join(description, description.c.survey_version_id == survey_version.c.id)
        .where(survey_version.c.survey_id == survey_id)
        .order_by(description.c.number)
    )
    return list(connection.execute(statement).scalars())


def versions(connection: Connection, survey_name: str) -> dict[int, str]:
    """The described versions of a survey, by key, with their names."""
    return {row.id: row.version for row in connection.execute(_VERSIONS, {"survey": survey_name})}


def add(
    connection: Connection, version_id: int, number: int, own: Dictionary, merged: Dictionary, guard: Guard
) -> None:
    """Describe a version by what it says itself, and by the names and codes that it shares with the ones before it."""
    languages = json.dumps(dict(own.languages), ensure_ascii=False)
    _DESCRIPTION.write(connection, [(version_id, number, languages, _written(guard))])
    pairs = [(each, merged.variable(each.name) or each) for each in own.variables]
    _write(connection, _QUESTIONS, [_question(version_id, place, *pair) for place, pair in enumerate(pairs, 1)])
    _write(
        connection,
        _QUESTION_LABELS,
        [
            (version_id, each.name, language, label)
            for each in own.variables
            for language, label in each.labels.items()
            if label
        ],
    )
    choices: list[tuple[Any, ...]] = []
    labels: list[tuple[Any, ...]] = []
    for mine, shared in pairs:
        codes = {each.name: each.code for each in shared.categories}
        for place, each in enumerate(mine.categories, 1):
            choices.append((version_id, mine.name, each.name, place, codes[each.name]))
            labels += [(version_id, mine.name, each.name, key, text) for key, text in each.labels.items() if text]
    _write(connection, _CHOICES, choices)
    _write(connection, _CHOICE_LABELS, labels)


def guard(connection: Connection, version_id: int, own: Dictionary, said: Guard) -> None:
    """Add to a description what it has not got yet: the guard, and HXL tags."""
    _GUARD.write(connection, [(_written(said), version_id)])
    _write(connection, _HXL, [(each.hxl, version_id, each.name) for each in own.variables if each.hxl])


def guards(connection: Connection, survey_name: str) -> list[Guard | None]:
    """What the versions of a survey ask of figures, the oldest first; None for one that is not read yet."""
    rows = connection.execute(_VERSIONS, {"survey": survey_name})
    return [None if row.guard is None else _read(row.guard) for row in rows]


def dictionary(connection: Connection, survey_name: str) -> Dictionary | None:
    """The dictionary of a survey in all versions that were ever published; None where none was.

    It is what `describe` makes of them, without compiling them again.
    """
    versions = connection.execute(_VERSIONS, {"survey": survey_name}).all()
    if not versions:
        return None
    found: dict[str, Variable] = {}
    for version in versions:
        newest = _variables(connection, version, found)
        found |= newest
    ordered = [*newest.values(), *(each for name, each in found.items() if name not in newest)]
    languages: dict[str, str] = {}
    for version in reversed(versions):
        languages = languages | {
            code: name for code, name in json.loads(version.languages).items() if code not in languages
        }
    last = versions[-1]
    return Dictionary(survey_name, last.title, languages, tuple(ordered), tuple(each.version for each in versions))


def _variables(connection: Connection, version: Any, before: dict[str, Variable]) -> dict[str, Variable]:
    """The variables of a version in its order, each with what earlier ones said of it."""
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows(connection, question_label, version.id):
        labels[row.question][row.language] = row.label
    texts: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in _rows(connection, choice_label, version.id):
        texts[row.question, row.name][row.language] = row.label
    choices: dict[str, list[Any]] = defaultdict(list)
    for row in _rows(connection, choice, version.id, choice.c.question, choice.c.place):
        choices[row.question].append(row)
    return {
        row.name: _variable(row, version.version, before.get(row.name), labels[row.name], choices[row.name], texts)
        for row in _rows(connection, question, version.id, question.c.place)
    }


def _variable(
    row: Any, version: str, before: Variable | None, labels: dict[str, str], choices: Sequence[Any],
    texts: dict[tuple[str, str], dict[str, str]],
) -> Variable:  # fmt: skip
    categories = {each.name: each for each in before.categories} if before else {}
    for each in choices:
        earlier = categories[each.name].labels if each.name in categories else {}
        categories[each.name] = Category(each.name, each.code, {**earlier, **texts[row.name, each.name]})
    return Variable(
        name=row.name,
        column=row.column_name,
        short=row.short,
        type=row.type,
        measure=Measure(row.measure),
        repeats=tuple(json.loads(row.repeats)),
        labels={**(before.labels if before else {}), **labels},
        categories=tuple(categories.values()),
        relevant=row.relevant,
        required=row.required,
        sensitive=row.sensitive,
        consent=row.consent,
        hxl=row.hxl or (before.hxl if before else ""),
        versions=(*(before.versions if before else ()), version),
    )


def _rows(connection: Connection, table: sa.Table, version_id: int, *order: Any) -> Sequence[Any]:
    statement = sa.select(table).where(table.c.survey_version_id == version_id).order_by(*order)
    return connection.execute(statement).all()


def _question(version_id: int, place: int, own: Variable, merged: Variable) -> tuple[Any, ...]:
    return (
        version_id, own.name, place, merged.column, merged.short, own.type, merged.measure.value,
        json.dumps(own.repeats), own.required, merged.sensitive, own.consent, own.relevant, own.hxl,
    )  # fmt: skip


def _written(guard: Guard) -> str:
    said = {
        "smallest": guard.smallest,
        "high_risk": sorted(guard.high_risk),
        "areas": dict(guard.areas),
        "bands": {name: list(starts) for name, starts in guard.bands.items()},
    }
    return json.dumps(said, ensure_ascii=False)


def _read(text: str) -> Guard:
    said = json.loads(text)
    bands = {name: tuple(starts) for name, starts in said["bands"].items()}
    return Guard(said["smallest"], frozenset(said["high_risk"]), said["areas"], bands)


def _write(connection: Connection, bulk: Bulk, rows: Sequence[tuple[Any, ...]]) -> None:
    for start in range(0, len(rows), _PAGE):
        bulk.write(connection, rows[start : start + _PAGE])
